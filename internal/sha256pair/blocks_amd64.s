//go:build !purego

#include "textflag.h"

// Registers: of the first sequence its state in X1 (words a b e f) and X2 (c d g h), the
// sixteen newest words of its schedule in X3-X6; of the second one X8, X9 and X10-X13.
// X7 and X14 are scratch, X0 is what SHA256RNDS2 takes its words from, X15 turns bytes.

// STATE turns the state that lies at m as a b … h into the order of SHA256RNDS2.
#define STATE(m, abef, cdgh, t) \
	VPSHUFD $0xb1, (m), abef; \
	VPSHUFD $0x1b, 16(m), t; \
	VPBLENDW $0xf0, abef, t, cdgh; \
	VPALIGNR $8, t, abef, abef

// UNSTATE puts it back.
#define UNSTATE(abef, cdgh, m, t) \
	VPSHUFD $0x1b, abef, t; \
	VPSHUFD $0xb1, cdgh, cdgh; \
	VPBLENDW $0xf0, cdgh, t, abef; \
	VPALIGNR $8, t, cdgh, cdgh; \
	VMOVDQU abef, (m); \
	VMOVDQU cdgh, 16(m)

// LOAD takes words 4i to 4i+3 of a block.
#define LOAD(i, block, w) \
	VMOVDQU (i*16)(block), w; \
	VPSHUFB X15, w, w

// TWO makes rounds 4i and 4i+1, FOUR also the next two.
#define TWO(i, w, abef, cdgh) \
	VPADDD (i*16)(AX), w, X0; \
	SHA256RNDS2 X0, abef, cdgh

#define FOUR(abef, cdgh) \
	VPSHUFD $0x0e, X0, X0; \
	SHA256RNDS2 X0, cdgh, abef

// NEXT completes the four words behind w; last are those before it.
#define NEXT(w, next, last, t) \
	VPALIGNR $4, last, w, t; \
	VPADDD t, next, next; \
	SHA256MSG2 w, next

// Four rounds of both sequences. HEAD is for rounds whose words are those of the block,
// BODY also makes words that come four and twelve rounds later, TAIL only those four later.
#define PLAIN(i, v, w) \
	TWO(i, v, X1, X2); FOUR(X1, X2); \
	TWO(i, w, X8, X9); FOUR(X8, X9)

#define HEAD(i, v, lastv, w, lastw) \
	TWO(i, v, X1, X2); FOUR(X1, X2); SHA256MSG1 v, lastv; \
	TWO(i, w, X8, X9); FOUR(X8, X9); SHA256MSG1 w, lastw

#define BODY(i, v, nextv, lastv, w, nextw, lastw) \
	TWO(i, v, X1, X2); NEXT(v, nextv, lastv, X7); FOUR(X1, X2); SHA256MSG1 v, lastv; \
	TWO(i, w, X8, X9); NEXT(w, nextw, lastw, X14); FOUR(X8, X9); SHA256MSG1 w, lastw

#define TAIL(i, v, nextv, lastv, w, nextw, lastw) \
	TWO(i, v, X1, X2); NEXT(v, nextv, lastv, X7); FOUR(X1, X2); \
	TWO(i, w, X8, X9); NEXT(w, nextw, lastw, X14); FOUR(X8, X9)

// func blocks(s, r *[8]uint32, p, q *byte, n int)
TEXT ·blocks(SB), NOSPLIT, $64-40
	MOVQ s+0(FP), R8
	MOVQ r+8(FP), R9
	MOVQ p+16(FP), SI
	MOVQ q+24(FP), DI
	MOVQ n+32(FP), CX
	LEAQ ·roundConstants(SB), AX
	VZEROUPPER
	VMOVDQU ·bigEndian(SB), X15
	STATE(R8, X1, X2, X7)
	STATE(R9, X8, X9, X14)

block:
	VMOVDQU X1, 0(SP)
	VMOVDQU X2, 16(SP)
	VMOVDQU X8, 32(SP)
	VMOVDQU X9, 48(SP)
	LOAD(0, SI, X3)
	LOAD(0, DI, X10)
	PLAIN(0, X3, X10)
	LOAD(1, SI, X4)
	LOAD(1, DI, X11)
	HEAD(1, X4, X3, X11, X10)
	LOAD(2, SI, X5)
	LOAD(2, DI, X12)
	HEAD(2, X5, X4, X12, X11)
	LOAD(3, SI, X6)
	LOAD(3, DI, X13)
	BODY(3, X6, X3, X5, X13, X10, X12)
	BODY(4, X3, X4, X6, X10, X11, X13)
	BODY(5, X4, X5, X3, X11, X12, X10)
	BODY(6, X5, X6, X4, X12, X13, X11)
	BODY(7, X6, X3, X5, X13, X10, X12)
	BODY(8, X3, X4, X6, X10, X11, X13)
	BODY(9, X4, X5, X3, X11, X12, X10)
	BODY(10, X5, X6, X4, X12, X13, X11)
	BODY(11, X6, X3, X5, X13, X10, X12)
	BODY(12, X3, X4, X6, X10, X11, X13)
	TAIL(13, X4, X5, X3, X11, X12, X10)
	TAIL(14, X5, X6, X4, X12, X13, X11)
	PLAIN(15, X6, X13)
	VPADDD 0(SP), X1, X1
	VPADDD 16(SP), X2, X2
	VPADDD 32(SP), X8, X8
	VPADDD 48(SP), X9, X9
	ADDQ $64, SI
	ADDQ $64, DI
	DECQ CX
	JNZ block

	UNSTATE(X1, X2, R8, X7)
	UNSTATE(X8, X9, R9, X14)
	RET
