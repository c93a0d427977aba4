/** Line icons drawn here: no icon font, nothing fetched. Decorative: the text beside them carries the meaning. */

const PATHS = {
  overview: 'M3 13h5V3H3zm9 0h5V9h-5zM3 17h5m4-13h5',
  alerts: 'M10 3 18 17H2ZM10 8v4m0 2.5v.5',
  packets: 'M3 5h14M3 10h14M3 15h9',
  flows: 'M3 7h12l-3-3m5 9H5l3 3',
  lures: 'M10 3v9a3 3 0 1 1-6 0v-1.5m6-7.5a1 1 0 1 0 0-.1M4 10.5l-1.5 2m1.5-2 1.5 2M13 8h-6',
  decisions: 'M10 2.5 16.5 5v5c0 4-2.8 6.3-6.5 7.5C6.3 16.3 3.5 14 3.5 10V5ZM7 10l2.2 2.2L13.2 8',
  models: 'M10 3v4m0 0-5 4m5-4 5 4M5 11v2m10-2v2M3 13h4v4H3zm10 0h4v4h-4z',
  settings: 'M3 6h7m4 0h3M3 14h3m4 0h7M12 4v4M8 12v4',
  check: 'm4 10.5 4 4 8-9',
  cross: 'm5 5 10 10M15 5 5 15',
  clock: 'M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14Zm0 3.5V10l2.5 2',
  eye: 'M2 10s3-5 8-5 8 5 8 5-3 5-8 5-8-5-8-5Zm8 2a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z',
  block: 'M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14ZM5 5l10 10',
  ghost: 'M4.5 17V9a5.5 5.5 0 0 1 11 0v8l-2-1.5L11.5 17 10 15.5 8.5 17l-2-1.5ZM8 9v1m4-1v1',
  back: 'm11 4-6 6 6 6',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.7"
      strokeLinecap="round"
      strokeLinejoin="round"
      className="shrink-0"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
