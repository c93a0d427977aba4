/**
 * Whether an address belongs to a private network, by its text: RFC 1918, shared (RFC 6598), link-local, loopback,
 * and for IPv6 unique local (RFC 4193) and link-local. All others count as outside.
 */
export function isInside(ip: string): boolean {
  if (ip.includes(':')) return /^(?:f[cd]|fe[89ab]|::1$)/.test(ip);
  const [first = 0, second = 0] = ip.split('.', 2).map(Number);
  switch (first) {
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
