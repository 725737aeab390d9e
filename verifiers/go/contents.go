// Says what a license grants, for the mode `contents` (../README.md).

package main

import (
	"fmt"
	"strconv"
	"strings"
)

// contents writes the terms as compact JSON, in the order and the form of the payload.
func (t terms) contents() string {
	features, limits, variables := []string{}, []string{}, []string{}
	for _, f := range t.features {
		if f.value == "" {
			features = append(features, quoted(f.name))
		} else {
			features = append(features, pairText(f.name, quoted(f.value)))
		}
	}
	for _, l := range t.limits {
		limits = append(limits, pairText(l.name, strconv.FormatInt(l.value, 10)))
	}
	for _, v := range t.variables {
		if text, isText := v.value.(string); isText {
			variables = append(variables, pairText(v.name, quoted(text)))
		} else {
			variables = append(variables, pairText(v.name, fmt.Sprint(v.value)))
		}
	}
	said := []string{member("features", list(features))}
	if len(limits) > 0 {
		said = append(said, member("limits", list(limits)))
	}
	if len(variables) > 0 {
		said = append(said, member("variables", list(variables)))
	}
	if t.licensee != nil {
		said = append(said, member("licensee", t.licensee.contents()))
	}
	if t.trialDays > 0 {
		said = append(said, member("trial_days", strconv.FormatInt(t.trialDays, 10)))
	}
	return "{" + strings.Join(said, ",") + "}"
}

func (l licensee) contents() string {
	said := []string{}
	for _, part := range [][2]string{{"name", l.name}, {"company", l.company}, {"email", l.email}} {
		if part[1] != "" {
			said = append(said, member(part[0], quoted(part[1])))
		}
	}
	return "{" + strings.Join(said, ",") + "}"
}

func member(name, value string) string {
	return quoted(name) + ":" + value
}

func pairText(name, value string) string {
	return list([]string{quoted(name), value})
}

func list(values []string) string {
	return "[" + strings.Join(values, ",") + "]"
}

// quoted escapes what must be; terms have no control characters.
func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}
