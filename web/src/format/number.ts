/** Numbers as the dashboard writes them: grouped, with their unit, never more digits than anyone reads. */

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const precise = new Intl.NumberFormat('en', { maximumSignificantDigits: 4 });
const short = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

/** `1,234,567`. */
export function formatCount(value: number): string {
  return grouped.format(value);
}

/** Up to four significant digits, whole numbers in full: `0.8125`, `12.35`, `48,211`. */
export function formatNumber(value: number): string {
  return Number.isInteger(value) || Math.abs(value) >= 10_000
    ? grouped.format(value)
    : precise.format(value);
}

/** Three significant digits with an SI prefix: `999`, `1.23 k`, `45.6 M`. */
export function formatCompact(value: number): string {
  return scale(value, 1000, ['', 'k', 'M', 'G', 'T']);
}

/** Bytes with decimal prefixes, as network people count them: `512 B`, `1.5 kB`, `2.31 GB`. */
export function formatBytes(bytes: number): string {
  return scale(bytes, 1000, ['B', 'kB', 'MB', 'GB', 'TB', 'PB']);
}

/** A share of 1 as per cent: `0 %`, `0.04 %`, `3.4 %`, `97 %`, `100 %`; only exactly 1 is 100. */
export function formatShare(share: number): string {
  const percent = share * 100;
  if (percent > 99.9 && percent < 100) return '> 99.9 %';
  if (percent > 0 && percent < 0.01) return '< 0.01 %';
  return `${new Intl.NumberFormat('en', { maximumSignificantDigits: percent >= 10 ? 3 : 2 }).format(percent)} %`;
}

/** A count and its noun: `1 alert`, `2 alerts`. */
export function formatPlural(count: number, one: string, many: string = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

function scale(value: number, step: number, units: readonly string[]): string {
  let scaled = value;
  let index = 0;
  while (Math.abs(scaled) >= step * 0.9995 && index < units.length - 1) {
    scaled /= step;
    index += 1;
  }
  return `${short.format(scaled)} ${units[index] ?? ''}`.trimEnd();
}
