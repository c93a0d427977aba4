/**
 * Classic BPF as the Linux kernel takes it for sockets. Source: linux/filter.h,
 * Documentation/networking/filter.rst; the loads from `NETWORK` on and the extensions are Linux's own.
 */

/** One instruction: code, jump if true, jump if false, operand. Jumps count from the next instruction, forward only. */
export type FilterInstruction = readonly [code: number, jt: number, jf: number, k: number];

/** The kernel takes no longer program. */
export const MAX_INSTRUCTIONS = 4096;

export const LOAD_WORD = 0x20;
export const LOAD_HALF = 0x28;
export const LOAD_BYTE = 0x30;
export const LOAD_HALF_BEHIND_X = 0x48;
export const LOAD_LENGTH = 0x80;
/** X becomes four times the low half of a byte: the length of an IPv4 header. */
export const LOAD_X_HEADER_LENGTH = 0xb1;
export const AND = 0x54;
export const JUMP = 0x05;
export const JUMP_EQUAL = 0x15;
export const JUMP_GREATER = 0x25;
export const JUMP_AT_LEAST = 0x35;
export const JUMP_ANY_BIT = 0x45;
const RETURN = 0x06;

/** Offsets from here count from the network header, whatever the link layer is. */
export const NETWORK = 0xfff0_0000;
/** Facts about the packet that are not among its bytes; loaded like bytes. */
export const ETHER_TYPE = 0xffff_f000;
export const HARDWARE_TYPE = 0xffff_f000 + 28;
export const VLAN_TAG = 0xffff_f000 + 44;
export const VLAN_TAG_PRESENT = 0xffff_f000 + 48;

export const KEEP: FilterInstruction = [RETURN, 0, 0, 0xffff_ffff];
export const DROP: FilterInstruction = [RETURN, 0, 0, 0];
