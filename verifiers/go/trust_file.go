// trust.json (spec/keys.md §6): what a program pins, and the statements that come along.

package main

import "encoding/json"

const trustFileBytes = 20_000_000

// trustFile is the file as it is written: nothing that it pins was read, nothing in it is believed.
type trustFile struct {
	roots                  []string
	threshold, rootVersion int64
	chain                  chainBytes
	tenant, app            string
}

// readTrustFile: §6.4, steps 1 to 3. A courier (§6.2) is read no further.
func readTrustFile(data []byte) (file trustFile) {
	demand(len(data) <= trustFileBytes, tooLarge)
	members, isObject := parseJSON(data).(object)
	demand(isObject, fieldInvalid)
	exactly(members, fieldInvalid,
		"roots", "threshold", "root_version", "keyset_chain", "tenant_keyset", "tenant", "app")
	left := fieldsNamed(members)
	for _, root := range left.list("roots", len(data)) {
		file.roots = append(file.roots, textOf(root, fieldInvalid))
	}
	file.threshold, file.rootVersion = left.count("threshold"), left.count("root_version")
	demand(len(left.list("keyset_chain", len(data))) > 0, fieldInvalid)
	file.tenant, file.app = left.text("tenant"), left.text("app")
	file.chain = chainOf(data)
	return file
}

// chainOf cuts the envelopes out of a text that parseJSON took: json.RawMessage is the text that stands there.
func chainOf(data []byte) (chain chainBytes) {
	var raw struct {
		Chain        []json.RawMessage `json:"keyset_chain"`
		TenantKeyset json.RawMessage   `json:"tenant_keyset"`
	}
	demand(json.Unmarshal(data, &raw) == nil, fieldInvalid)
	last := len(raw.Chain) - 1
	for _, root := range raw.Chain[:last] {
		chain.roots = append(chain.roots, root)
	}
	chain.keyset, chain.tenantKeyset = raw.Chain[last], raw.TenantKeyset
	return chain
}

// verify: §6.4, steps 4 and 5.
func (f trustFile) verify(now int64) (root, keyset, tenantKeyset verified) {
	pinned := pins{threshold: f.threshold, version: &f.rootVersion}
	for _, root := range f.roots {
		pinned.keys = append(pinned.keys, publicKey(root))
	}
	demand(identifier.MatchString(f.tenant) && identifier.MatchString(f.app), "id_malformed")
	return verifyChain(pinned, f.chain, &f.tenant, now)
}
