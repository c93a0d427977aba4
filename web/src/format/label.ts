/** Contract names as people read them. */

/** `SYN_Flood` to `SYN Flood`, `false_positive` to `False positive`. */
export function labelOf(name: string): string {
  const spaced = name.replaceAll('_', ' ');
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** `connection_attempts` to `connection attempts`; a unit at the end goes, as it stands with the value: `oldest_s` to `oldest`. */
export function measureLabel(name: string): string {
  return name.replace(/_(s|ms|us|pps|rps|qps)$/, '').replaceAll('_', ' ');
}

const countries = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });

/** `DE` to `Germany`; anything but an ISO 3166 code stays as it is. */
export function countryLabel(country: string): string {
  return /^[A-Z]{2}$/.test(country) ? (countries.of(country) ?? country) : country;
}
