// The Ed25519 rule (spec/ed25519.md): a pre-check on which all languages agree, then the stock verification.

package main

import (
	"crypto/ed25519"
	"math/big"
)

var (
	one    = big.NewInt(1)
	prime  = new(big.Int).Sub(new(big.Int).Lsh(one, 255), big.NewInt(19))
	order  = new(big.Int).Add(new(big.Int).Lsh(one, 252), decimal("27742317777372353535851937790883648493"))
	curveD = mod(new(big.Int).Mul(big.NewInt(-121665), new(big.Int).ModInverse(big.NewInt(121666), prime)))
	// §1.3: the y coordinates of all points of order 1, 2, 4 and 8.
	smallOrder = []*big.Int{
		big.NewInt(0), one, new(big.Int).Sub(prime, one),
		littleEndian(unhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")),
		littleEndian(unhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")),
	}
)

// verifySignature: §1.
func verifySignature(key, message, signature []byte) bool {
	if len(key) != 32 || len(signature) != 64 {
		return false
	}
	acceptable := pointIsAcceptable(key) && pointIsAcceptable(signature[:32])
	return acceptable && littleEndian(signature[32:]).Cmp(order) < 0 && ed25519.Verify(key, message, signature)
}

// checkKey: §2, what every key passes that is listed.
func checkKey(key []byte) {
	y := yOf(key)
	demand(y.Cmp(prime) < 0, "key_malformed")
	x := xOf(y, uint(key[31]>>7))
	demand(x != nil, "key_malformed")
	demand(!hasSmallOrder(y) && isTorsionFree(x, y), "key_weak")
}

func pointIsAcceptable(point []byte) bool {
	y := yOf(point)
	return y.Cmp(prime) < 0 && !hasSmallOrder(y)
}

func hasSmallOrder(y *big.Int) bool {
	for _, small := range smallOrder {
		if y.Cmp(small) == 0 {
			return true
		}
	}
	return false
}

func yOf(point []byte) *big.Int {
	y := littleEndian(point)
	return y.SetBit(y, 255, 0)
}

// xOf: RFC 8032 §5.1.3; nil where no point has this y and sign.
func xOf(y *big.Int, sign uint) *big.Int {
	squared := times(y, y)
	above := new(big.Int).Sub(squared, one)
	below := new(big.Int).Add(times(curveD, squared), one)
	x := new(big.Int).ModSqrt(times(above, new(big.Int).ModInverse(below, prime)), prime)
	// Stock readers differ on x = 0; the point has small order, which is refused as such.
	if x == nil || x.Sign() == 0 || x.Bit(0) == sign {
		return x
	}
	return x.Sub(prime, x)
}

// point is in extended coordinates, RFC 8032 §5.1.4.
type point struct{ x, y, z, t *big.Int }

// isTorsionFree: whether L times the point is the neutral element. The point is public, so the time this takes tells nothing.
func isTorsionFree(x, y *big.Int) bool {
	total := point{big.NewInt(0), one, one, big.NewInt(0)}
	double := point{x, y, one, times(x, y)}
	for i := 0; i < order.BitLen(); i++ {
		if order.Bit(i) == 1 {
			total = total.plus(double)
		}
		double = double.plus(double)
	}
	return total.x.Sign() == 0 && total.y.Cmp(total.z) == 0
}

func (p point) plus(q point) point {
	a := times(new(big.Int).Sub(p.y, p.x), new(big.Int).Sub(q.y, q.x))
	b := times(new(big.Int).Add(p.y, p.x), new(big.Int).Add(q.y, q.x))
	c := times(times(p.t, q.t), new(big.Int).Lsh(curveD, 1))
	d := times(new(big.Int).Lsh(p.z, 1), q.z)
	e, f := new(big.Int).Sub(b, a), new(big.Int).Sub(d, c)
	g, h := new(big.Int).Add(d, c), new(big.Int).Add(b, a)
	return point{times(e, f), times(g, h), times(f, g), times(e, h)}
}

func times(a, b *big.Int) *big.Int {
	return mod(new(big.Int).Mul(a, b))
}

func mod(n *big.Int) *big.Int {
	return n.Mod(n, prime)
}

func littleEndian(bytes []byte) *big.Int {
	reversed := make([]byte, len(bytes))
	for i, b := range bytes {
		reversed[len(bytes)-1-i] = b
	}
	return new(big.Int).SetBytes(reversed)
}

func decimal(digits string) *big.Int {
	n, _ := new(big.Int).SetString(digits, 10)
	return n
}
