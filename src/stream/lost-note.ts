/** What a sensor says beside a batch of packets that it had to give up before it. */

export const LOST_HEADER = 'phantomnet-lost-packets';

/** No sensor loses more at once; a larger number is not believed. */
const MOST = 2 ** 40;

/** 0 where the header is absent or no such number. */
export function lostPackets(header: string | null): number {
  if (header === null || !/^\d{1,13}$/.test(header)) return 0;
  return Math.min(Number(header), MOST);
}
