/**
 * Whether an address belongs to a private network, by its text: RFC 1918, shared (RFC 6598), link-local, loopback,
 * and for IPv6 unique local (RFC 4193) and link-local. All others count as outside.
 */
export function isInside(ip: string): boolean {
  const firstEnd = ip.indexOf('.');
  if (firstEnd < 0) return /^(?:f[cd]|fe[89ab]|::1$)/.test(ip);
  const second = numberAt(ip, firstEnd + 1);
  switch (numberAt(ip, 0)) {
    case 10:
    case 127:
      return true;
    case 100:
      return second >= 64 && second < 128;
    case 169:
      return second === 254;
    case 172:
      return second >= 16 && second < 32;
    case 192:
      return second === 168;
    default:
      return false;
  }
}

/** Multicast and broadcast. */
export function isGroup(ip: string): boolean {
  return ip.includes(':') ? ip.startsWith('ff') : numberAt(ip, 0) >= 224;
}

/** The digits from `at` on; asked for every conversation, so nothing is cut out. */
function numberAt(ip: string, at: number): number {
  let value = 0;
  for (let i = at; i < ip.length; i++) {
    const digit = ip.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) break;
    value = 10 * value + digit;
  }
  return value;
}
