/** A horizontal bar of a share of 1, beside a number that says the same. */
export function Bar({ share, tone = 'traffic' }: { share: number; tone?: 'traffic' | 'critical' }) {
  const width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  return (
    <span aria-hidden="true" className="block h-2 w-full overflow-hidden rounded-sm bg-raised">
      <span
        className={`block h-full min-w-px rounded-sm ${tone === 'critical' ? 'bg-critical' : 'bg-traffic'}`}
        style={{ width }}
      />
    </span>
  );
}
