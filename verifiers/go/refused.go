// The one way to say no. Verification is a long row of demands, so a failed one unwinds to `attempt`.

package main

// refused is why something is not believed: a stable code of spec/errors.md §2.
type refused string

func demand(condition bool, code string) {
	if !condition {
		panic(refused(code))
	}
}

// attempt runs the action and returns the code it was refused with, or "".
func attempt(action func()) (code string) {
	defer func() {
		if reason := recover(); reason != nil {
			said, known := reason.(refused)
			if !known {
				panic(reason)
			}
			code = string(said)
		}
	}()
	action()
	return ""
}
