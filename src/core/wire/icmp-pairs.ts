/**
 * ICMP types that answer each other, so that request and reply are one flow. As in Zeek, the type
 * takes the place of the source port; that of the destination port is taken by the type of the
 * counterpart, or by the code where nothing answers (an error message is a flow one way).
 */

const PAIRS_4 = [
  [8, 0], // echo
  [13, 14], // timestamp
  [15, 16], // information
  [17, 18], // address mask
  [10, 9], // router solicitation
] as const;

const PAIRS_6 = [
  [128, 129], // echo
  [133, 134], // router solicitation
  [135, 136], // neighbour solicitation
  [130, 131], // multicast listener
  [139, 140], // node information
  [144, 145], // home agent address discovery
] as const;

const counterpart4 = tableOf(PAIRS_4);
const counterpart6 = tableOf(PAIRS_6);

/** The type that answers `type` or is answered by it; -1: there is none. */
export function icmpCounterpart(type: number, isIcmp6: boolean): number {
  return (isIcmp6 ? counterpart6 : counterpart4)[type & 255]!;
}

function tableOf(pairs: readonly (readonly [number, number])[]): Int16Array {
  const table = new Int16Array(256).fill(-1);
  for (const [request, reply] of pairs) {
    table[request] = reply;
    table[reply] = request;
  }
  return table;
}
