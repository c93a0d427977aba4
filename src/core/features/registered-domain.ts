/**
 * Where the registered domain of a DNS name begins. The whole public suffix list is 15,000 rules
 * that age; here the registered domain is the last two labels, or the last three where the last two
 * are a suffix under which countries register (`co.uk`) or in the list below. For an attacker's
 * domain under a suffix that is not listed, one label more counts as subdomain.
 */

/** Second-level labels under which country-code domains (two letters) register. */
const COUNTRY_SECOND_LEVEL = new Set([
  'ac',
  'co',
  'com',
  'edu',
  'go',
  'gob',
  'gov',
  'gv',
  'ltd',
  'mil',
  'ne',
  'net',
  'nom',
  'or',
  'org',
  'plc',
  'sch',
]);

/** Suffixes of two labels run by providers. */
const PROVIDER_SUFFIXES = new Set([
  'azurewebsites.net',
  'blogspot.com',
  'cloudfront.net',
  'duckdns.org',
  'github.io',
  'gitlab.io',
  'herokuapp.com',
  'netlify.app',
  'no-ip.org',
  'pages.dev',
  'vercel.app',
  'web.app',
  'workers.dev',
]);

/** Characters of `name` left of its registered domain, without the dot before it. */
export function subdomainLength(name: string): number {
  const last = name.lastIndexOf('.');
  if (last <= 0) return 0;
  const second = name.lastIndexOf('.', last - 1);
  if (second <= 0) return 0;
  const isCountry = name.length - last - 1 === 2;
  const isSuffix =
    (isCountry && COUNTRY_SECOND_LEVEL.has(name.slice(second + 1, last))) ||
    PROVIDER_SUFFIXES.has(name.slice(second + 1));
  if (!isSuffix) return second;
  const third = name.lastIndexOf('.', second - 1);
  return Math.max(third, 0);
}
