// Taking an object apart field by field, so that what is left over is noticed (spec/envelope.md §3.3 to §3.5).

package main

import "regexp"

// fields are the members of one object that have not been taken yet.
type fields object

func fieldsOf(value any) fields {
	members, isObject := value.(object)
	demand(isObject, fieldInvalid)
	checkNames(members)
	return fieldsNamed(members)
}

// fieldsNamed takes the names as they are.
func fieldsNamed(members object) fields {
	left := fields{}
	for name, member := range members {
		left[name] = member
	}
	return left
}

func (f fields) take(name string) any {
	value, there := f[name]
	demand(there, "field_missing")
	delete(f, name)
	return value
}

func (f fields) text(name string) string {
	return textOf(f.take(name), fieldInvalid)
}

func (f fields) matching(name string, pattern *regexp.Regexp) string {
	text := f.text(name)
	demand(pattern.MatchString(text), fieldInvalid)
	return text
}

func (f fields) oneOf(name string, words ...string) string {
	text := f.text(name)
	for _, word := range words {
		if text == word {
			return text
		}
	}
	panic(refused(fieldInvalid))
}

func (f fields) count(name string) int64 {
	number, isNumber := f.take(name).(int64)
	demand(isNumber && number >= 0, fieldInvalid)
	return number
}

func (f fields) time(name string) int64 {
	time := f.count(name)
	demand(time <= lastSecond, fieldInvalid)
	return time
}

// isNull takes the field if it is null.
func (f fields) isNull(name string) bool {
	value, there := f[name]
	if there && value == nil {
		delete(f, name)
	}
	return there && value == nil
}

// optional takes a field that may be absent.
func (f fields) optional(name string) (value any, there bool) {
	value, there = f[name]
	delete(f, name)
	return value, there
}

func (f fields) list(name string, most int) []any {
	values, isList := f.take(name).([]any)
	demand(isList && len(values) <= most, fieldInvalid)
	return values
}

// whole takes a number of that range.
func (f fields) whole(name string, least, most int64) int64 {
	number, isNumber := f.take(name).(int64)
	demand(isNumber && number >= least && number <= most, fieldInvalid)
	return number
}

// optionalWhole returns nil where the field is absent.
func (f fields) optionalWhole(name string, least, most int64) *int64 {
	if _, there := f[name]; !there {
		return nil
	}
	number := f.whole(name, least, most)
	return &number
}

// optionalOneOf returns "" where the field is absent.
func (f fields) optionalOneOf(name string, words ...string) string {
	if _, there := f[name]; !there {
		return ""
	}
	return f.oneOf(name, words...)
}

// extensions: §3.5, `ext`, and the names in `crit`, of which each must be known.
func (f fields) extensions(known names) (critical []string) {
	if ext, there := f["ext"]; there {
		_, isObject := ext.(object)
		demand(isObject, fieldInvalid)
		delete(f, "ext")
	}
	if _, there := f["crit"]; there {
		entries, isList := f.take("crit").([]any)
		demand(isList && len(entries) > 0, fieldInvalid)
		for _, entry := range entries {
			name := textOf(entry, fieldInvalid)
			demand(known[name], "crit_unknown")
			critical = append(critical, name)
		}
	}
	return critical
}

// finish: §3.5, then what nobody took.
func (f fields) finish() {
	f.extensions(nil)
	demand(len(f) == 0, "field_unknown")
}

// checkNames: §3.3, at every depth.
func checkNames(value any) {
	switch value := value.(type) {
	case object:
		for name, inner := range value {
			demand(fieldName.MatchString(name), "field_unknown")
			checkNames(inner)
		}
	case []any:
		for _, inner := range value {
			checkNames(inner)
		}
	}
}
