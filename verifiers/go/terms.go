// What a license grants in the vendor's own words (spec/license.md §2.6 to §2.11).

package main

import "unicode"

// terms are empty where a license does not say them.
type terms struct {
	features  []feature
	limits    []limit
	variables []variable
	licensee  *licensee
	trialDays int64
}

// feature has a value or none; a value is never empty.
type feature struct{ name, value string }

type limit struct {
	name  string
	value int64
}

// variable holds a string, an int64 or a bool.
type variable struct {
	name  string
	value any
}

// licensee has at least one part; those that are not said are empty.
type licensee struct{ name, company, email string }

// takeOptional takes the fields that may be absent, in the order of their table.
func (t *terms) takeOptional(f fields) {
	if value, there := f.optional("limits"); there {
		t.limits = limitsOf(value)
	}
	if value, there := f.optional("variables"); there {
		t.variables = variablesOf(value)
	}
	if value, there := f.optional("licensee"); there {
		t.licensee = licenseeOf(fieldsOf(value))
	}
	if value, there := f.optional("trial_days"); there {
		days, isNumber := value.(int64)
		demand(isNumber && days >= 1 && days <= 3_650, fieldInvalid)
		t.trialDays = days
	}
}

// featuresOf: §2.6, names, and pairs of name and value.
func featuresOf(value any, least, most int) (features []feature) {
	seen := names{}
	for _, entry := range listOf(value, least, most) {
		read := feature{}
		if pair, isPair := entry.([]any); isPair {
			demand(len(pair) == 2, fieldInvalid)
			entry, read.value = pair[0], wordOf(pair[1], 64)
		}
		read.name = seen.once(wordOf(entry, 32))
		features = append(features, read)
	}
	return features
}

// limitsOf: §2.8.
func limitsOf(value any) (limits []limit) {
	seen := names{}
	for _, entry := range listOf(value, 1, 32) {
		name, said := pairOf(entry, 32)
		number, isNumber := said.(int64)
		demand(isNumber && number >= 0, fieldInvalid)
		limits = append(limits, limit{seen.once(name), number})
	}
	return limits
}

// variablesOf: §2.9.
func variablesOf(value any) (variables []variable) {
	seen := names{}
	for _, entry := range listOf(value, 1, 50) {
		name, said := pairOf(entry, 64)
		switch said := said.(type) {
		case string:
			demand(!hasControl(said), fieldInvalid)
		case int64, bool:
		default:
			panic(refused(fieldInvalid))
		}
		variables = append(variables, variable{seen.once(name), said})
	}
	return variables
}

// licenseeOf: §2.10.
func licenseeOf(f fields) *licensee {
	read := licensee{}
	for _, part := range []struct {
		name string
		into *string
	}{{"name", &read.name}, {"company", &read.company}, {"email", &read.email}} {
		if value, there := f.optional(part.name); there {
			*part.into = wordOf(value, 128)
		}
	}
	demand(read != licensee{}, fieldInvalid)
	f.finish()
	return &read
}

func listOf(value any, least, most int) []any {
	list, isList := value.([]any)
	demand(isList && len(list) >= least && len(list) <= most, fieldInvalid)
	return list
}

func pairOf(entry any, longest int) (string, any) {
	pair, isList := entry.([]any)
	demand(isList && len(pair) == 2, fieldInvalid)
	return wordOf(pair[0], longest), pair[1]
}

// wordOf: text of 1 to so many bytes without control characters.
func wordOf(value any, longest int) string {
	text := textOf(value, fieldInvalid)
	demand(len(text) >= 1 && len(text) <= longest && !hasControl(text), fieldInvalid)
	return text
}

func hasControl(text string) bool {
	for _, char := range text {
		if unicode.IsControl(char) {
			return true
		}
	}
	return false
}

// names of a list in which each stands once.
type names map[string]bool

func (n names) once(name string) string {
	demand(!n[name], fieldInvalid)
	n[name] = true
	return name
}
