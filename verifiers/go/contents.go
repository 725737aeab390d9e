// Says what a license grants, for the mode `contents` (../README.md).

package main

import (
	"fmt"
	"strconv"
	"strings"
)

// contents writes what a license says as compact JSON, in the order and the form of the payload.
func (s statement) contents() string {
	said := members{}
	s.terms.write(&said)
	s.conditions.write(&said)
	return said.text()
}

func (t terms) write(said *members) {
	features, variables := []string{}, []string{}
	for _, f := range t.features {
		if f.value == "" {
			features = append(features, quoted(f.name))
		} else {
			features = append(features, pairText(f.name, quoted(f.value)))
		}
	}
	for _, v := range t.variables {
		if text, isText := v.value.(string); isText {
			variables = append(variables, pairText(v.name, quoted(text)))
		} else {
			variables = append(variables, pairText(v.name, fmt.Sprint(v.value)))
		}
	}
	said.put("features", list(features))
	said.limits("limits", t.limits)
	if len(variables) > 0 {
		said.put("variables", list(variables))
	}
	if l := t.licensee; l != nil {
		part := members{}
		part.word("name", l.name)
		part.word("company", l.company)
		part.word("email", l.email)
		said.put("licensee", part.text())
	}
	if t.trialDays > 0 {
		said.number("trial_days", &t.trialDays)
	}
}

func (c conditions) write(said *members) {
	if c.policy != nil {
		said.put("policy", c.policy.text())
	}
	said.number("max_instances", c.maxInstances)
	if o := c.offline; o != nil {
		part := members{}
		part.number("days", &o.days)
		part.number("pool", o.pool)
		part.number("journal_days", o.journalDays)
		said.put("offline", part.text())
	}
	if a := c.allowances; a != nil {
		part := members{}
		part.number("releases", a.releases)
		part.number("replacements", a.replacements)
		said.put("allowances", part.text())
	}
	said.number("pool_epoch", c.poolEpoch)
	said.number("slot", c.slot)
}

func (p policy) text() string {
	said := members{}
	if h := p.heartbeat; h != nil {
		part := members{}
		part.number("interval", &h.interval)
		part.number("grace", &h.grace)
		part.number("longest_grace", h.longestGrace)
		said.put("heartbeat", part.text())
	}
	said.word("seat", p.seat)
	said.word("fail", p.fail)
	said.word("integrity", p.integrity)
	if p.antiTamper != nil {
		said.put("anti_tamper", p.antiTamper.text())
	}
	if c := p.clock; c != nil {
		part := members{}
		part.number("tolerance", c.tolerance)
		part.word("mode", c.mode)
		said.put("clock", part.text())
	}
	if s := p.freshness; s != nil {
		part := members{}
		part.number("warn", s.warn)
		part.number("restrict", s.restrict)
		part.number("block", s.block)
		said.put("freshness", part.text())
	}
	said.limits("tenant_limits", p.tenantLimits)
	return said.text()
}

func (a antiTamper) text() string {
	said, agents := members{}, []string{}
	said.word("unknown", a.unknown)
	for _, agent := range a.agents {
		agents = append(agents, quoted(agent))
	}
	if len(agents) > 0 {
		said.put("agents", list(agents))
	}
	return said.text()
}

// members of an object, as they are written.
type members []string

func (m *members) put(name, value string) {
	*m = append(*m, quoted(name)+":"+value)
}

func (m *members) number(name string, number *int64) {
	if number != nil {
		m.put(name, strconv.FormatInt(*number, 10))
	}
}

func (m *members) word(name, word string) {
	if word != "" {
		m.put(name, quoted(word))
	}
}

func (m *members) limits(name string, limits []limit) {
	pairs := []string{}
	for _, l := range limits {
		pairs = append(pairs, pairText(l.name, strconv.FormatInt(l.value, 10)))
	}
	if len(pairs) > 0 {
		m.put(name, list(pairs))
	}
}

func (m members) text() string {
	return "{" + strings.Join(m, ",") + "}"
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
