// Under which conditions a license gives its rights (spec/license.md §2.13 to §2.26).

package main

// In seconds and in days.
const year, tenYears = 31_536_000, 3_650

// policies says whether a program enforces every field of a policy (§2.14).
type policies int

const (
	policiesRefused policies = iota
	policiesEnforced
)

// conditions are nil where a license does not say them; so is, or is empty, what they consist of.
type conditions struct {
	policy          *policy
	maxInstances    *int64
	offline         *offline
	allowances      *allowances
	poolEpoch, slot *int64
}

type policy struct {
	heartbeat             *heartbeat
	seat, fail, integrity string
	antiTamper            *antiTamper
	clock                 *clock
	freshness             *freshness
	tenantLimits          []limit
}

type heartbeat struct {
	interval, grace int64
	longestGrace    *int64
}

type antiTamper struct {
	unknown string
	agents  []string
}

type clock struct {
	tolerance *int64
	mode      string
}

type freshness struct{ warn, restrict, block *int64 }

type offline struct {
	days              int64
	pool, journalDays *int64
}

type allowances struct{ releases, replacements *int64 }

// takeConditions takes the fields in the order of their table.
func (c *conditions) takeConditions(f fields) {
	c.policy = optionalObject(f, "policy", policyOf)
	c.maxInstances = f.optionalWhole("max_instances", 1, 1_000)
	c.offline = optionalObject(f, "offline", offlineOf)
	c.allowances = optionalObject(f, "allowances", allowancesOf)
	c.poolEpoch = f.optionalWhole("pool_epoch", 1, integerBound-1)
	c.slot = f.optionalWhole("slot", 0, integerBound-1)
}

// policyOf: §2.13.
func policyOf(f fields) (p policy) {
	p.heartbeat = optionalObject(f, "heartbeat", heartbeatOf)
	p.seat = f.optionalOneOf("seat", "lease")
	p.fail = f.optionalOneOf("fail", "hard", "soft")
	p.integrity = f.optionalOneOf("integrity", "required", "where_listed")
	p.antiTamper = optionalObject(f, "anti_tamper", antiTamperOf)
	p.clock = optionalObject(f, "clock", clockOf)
	p.freshness = optionalObject(f, "freshness", freshnessOf)
	if value, there := f.optional("tenant_limits"); there {
		p.tenantLimits = tenantLimitsOf(value)
	}
	hasObject := p.heartbeat != nil || p.antiTamper != nil || p.clock != nil || p.freshness != nil
	demand(hasObject || p.fail != "" || p.integrity != "" || p.tenantLimits != nil, fieldInvalid)
	demand(p.seat == "" || p.heartbeat != nil, fieldInvalid)
	return p
}

// heartbeatOf: §2.15.
func heartbeatOf(f fields) (h heartbeat) {
	h.interval, h.grace = f.whole("interval", 60, 2_592_000), f.whole("grace", 0, year)
	h.longestGrace = f.optionalWhole("longest_grace", 0, year)
	demand(h.grace >= h.interval && (h.longestGrace == nil || *h.longestGrace > h.grace), fieldInvalid)
	return h
}

// antiTamperOf: §2.17, both fields may be absent.
func antiTamperOf(f fields) (a antiTamper) {
	a.unknown = f.optionalOneOf("unknown", "tamper")
	if value, there := f.optional("agents"); there {
		seen := names{}
		for _, entry := range listOf(value, 1, 8) {
			a.agents = append(a.agents, seen.once(wordOf(entry, 16)))
		}
	}
	return a
}

// clockOf: §2.18.
func clockOf(f fields) (c clock) {
	c.tolerance, c.mode = f.optionalWhole("tolerance", 0, 604_800), f.optionalOneOf("mode", "run_time")
	demand(c != clock{}, fieldInvalid)
	return c
}

// freshnessOf: §2.19.
func freshnessOf(f fields) (s freshness) {
	last := int64(0)
	s.warn = f.optionalWhole("warn", 1, tenYears)
	s.restrict = f.optionalWhole("restrict", 1, tenYears)
	s.block = f.optionalWhole("block", 1, tenYears)
	for _, days := range []*int64{s.warn, s.restrict, s.block} {
		if days != nil {
			demand(*days >= last, fieldInvalid)
			last = *days
		}
	}
	demand(last > 0, fieldInvalid)
	return s
}

// tenantLimitsOf: §2.20.
func tenantLimitsOf(value any) (limits []limit) {
	seen := names{}
	for _, entry := range listOf(value, 1, 4) {
		name, said := pairOf(entry, 16)
		rate, isNumber := said.(int64)
		demand(isNumber && rate >= 1 && rate <= 1_000_000_000, fieldInvalid)
		limits = append(limits, limit{seen.once(name), rate})
	}
	return limits
}

// offlineOf: §2.22.
func offlineOf(f fields) (o offline) {
	o.days = f.whole("days", 1, tenYears)
	o.pool, o.journalDays = f.optionalWhole("pool", 1, 1_000_000), f.optionalWhole("journal_days", 1, tenYears)
	return o
}

// allowancesOf: §2.23.
func allowancesOf(f fields) (a allowances) {
	a.releases, a.replacements = f.optionalWhole("releases", 0, 1_000), f.optionalWhole("replacements", 0, 1_000)
	demand(a != allowances{}, fieldInvalid)
	return a
}

// optionalObject takes an object that may be absent, and all of it.
func optionalObject[T any](f fields, name string, read func(fields) T) *T {
	value, there := f.optional(name)
	if !there {
		return nil
	}
	members := fieldsOf(value)
	said := read(members)
	members.finish()
	return &said
}
