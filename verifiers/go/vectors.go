// Answers vectors (vectors/README.md).

package main

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
)

// question is a vector file. These files are ordinary JSON; the strict profile is for what they contain.
type question struct {
	Check        string           `json:"check"`
	Accepted     *json.RawMessage `json:"accepted"`
	Envelope     written          `json:"envelope"`
	Now          int64            `json:"now"`
	Roots        []string         `json:"roots"`
	Threshold    int64            `json:"threshold"`
	RootVersion  *int64           `json:"root_version"`
	RootChain    []written        `json:"root_chain"`
	Keyset       written          `json:"keyset"`
	TenantKeyset written          `json:"tenant_keyset"`
	License      *written         `json:"license"`
	File         written          `json:"file"`
	ExpectTenant *string          `json:"expect_tenant"`
	ExpectApp    *string          `json:"expect_app"`
	List         []struct{ Key, Message, Signature string }
}

// written is bytes: text, or base64 where they are not UTF-8.
type written struct{ Text, Base64 *string }

func (w written) bytes() []byte {
	if w.Text != nil {
		return []byte(*w.Text)
	}
	return decodeBase64(*w.Base64, "base64_invalid")
}

// answerVector returns the line that belongs into the .expected file, or "skip".
func answerVector(path string) string {
	q, code := readQuestion(path)
	if code != "" {
		return code
	}
	answers := map[string]func() []string{
		"envelope":   func() []string { return []string{decodeEnvelope(q.Envelope.bytes()).id()} },
		"chain":      q.ids,
		"signatures": q.signatures,
		"keys":       q.keys,
		"trust-file": q.trusted,
	}
	answer, known := answers[q.Check]
	if !known || q.Accepted != nil {
		return "skip"
	}
	var found []string
	if code := attempt(func() { found = answer() }); code != "" {
		return code
	}
	return strings.Join(append([]string{"ok"}, found...), " ")
}

// answerContents says what the license of a vector grants, or "skip".
func answerContents(path string) string {
	q, code := readQuestion(path)
	if code != "" {
		return code
	}
	if q.License == nil || q.Accepted != nil {
		return "skip"
	}
	said := ""
	if code := attempt(func() { said = q.chain()[3].contents() }); code != "" {
		return code
	}
	return "ok " + said
}

func readQuestion(path string) (q question, code string) {
	text, err := os.ReadFile(path)
	if err != nil {
		return q, "file_unreadable"
	}
	if json.Unmarshal(text, &q) != nil {
		return q, "unreadable vector"
	}
	return q, ""
}

func (q question) ids() []string {
	return idsOf(q.chain())
}

func (q question) trusted() []string {
	root, keyset, tenantKeyset := readTrustFile(q.File.bytes()).verify(q.Now)
	return idsOf([]verified{root, keyset, tenantKeyset})
}

func idsOf(statements []verified) (ids []string) {
	for _, found := range statements {
		ids = append(ids, found.id)
	}
	return ids
}

// chain returns the last root statement, keyset, tenant keyset and, if there is one, license.
func (q question) chain() []verified {
	for _, expected := range []*string{q.ExpectTenant, q.ExpectApp} {
		demand(expected == nil || identifier.MatchString(*expected), "id_malformed")
	}
	pinned := pins{threshold: q.Threshold, version: q.RootVersion}
	for _, root := range q.Roots {
		pinned.keys = append(pinned.keys, publicKey(root))
	}
	chain := chainBytes{keyset: q.Keyset.bytes(), tenantKeyset: q.TenantKeyset.bytes()}
	for _, root := range q.RootChain {
		chain.roots = append(chain.roots, root.bytes())
	}
	root, keyset, tenantKeyset := verifyChain(pinned, chain, q.ExpectTenant, q.Now)
	found := []verified{root, keyset, tenantKeyset}
	if q.License != nil {
		found = append(found, verifyLicense(tenantKeyset, q.License.bytes(), q.ExpectApp, policiesEnforced))
	}
	return found
}

func (q question) signatures() []string {
	return q.unanimous(func(key, message, signature []byte) {
		demand(verifySignature(key, message, signature), "signature_invalid")
	})
}

func (q question) keys() []string {
	return q.unanimous(func(key, _, _ []byte) { checkKey(key) })
}

// unanimous refuses with the code that all entries share.
func (q question) unanimous(judge func(key, message, signature []byte)) []string {
	verdicts := map[string]bool{}
	for _, entry := range q.List {
		code := attempt(func() { judge(unhex(entry.Key), unhex(entry.Message), unhex(entry.Signature)) })
		verdicts[code] = true
	}
	demand(len(verdicts) == 1, "not_unanimous")
	for code := range verdicts {
		demand(code == "", code)
	}
	return nil
}

func unhex(text string) []byte {
	data, err := hex.DecodeString(text)
	demand(err == nil, "hexadecimal_invalid")
	return data
}
