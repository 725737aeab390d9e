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
	text, err := os.ReadFile(path)
	if err != nil {
		return "file_unreadable"
	}
	var q question
	if json.Unmarshal(text, &q) != nil {
		return "unreadable vector"
	}
	answers := map[string]func() []string{
		"envelope":   func() []string { return []string{decodeEnvelope(q.Envelope.bytes()).id()} },
		"chain":      q.chain,
		"signatures": q.signatures,
		"keys":       q.keys,
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

func (q question) chain() []string {
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
	ids := []string{root.id, keyset.id, tenantKeyset.id}
	if q.License != nil {
		ids = append(ids, verifyLicense(tenantKeyset, q.License.bytes(), q.ExpectApp).id)
	}
	return ids
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
