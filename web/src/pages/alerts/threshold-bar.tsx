/** How far past its limit a measure is: the bar is the measure, the notch the limit (crossed from either side). */
import { formatNumber } from '../../format/number.ts';

export function ThresholdBar({ times }: { times: number }) {
  const most = Math.max(times, 1) * 1.05;
  return (
    <span className="flex items-center gap-2">
      <span
        aria-hidden="true"
        className="relative block h-2.5 min-w-10 flex-1 rounded-sm bg-raised"
      >
        <span
          className="block h-full min-w-px rounded-sm bg-critical/80"
          style={{ width: `${(Math.max(0, times) / most) * 100}%` }}
        />
        <span
          className="absolute -inset-y-0.5 w-0.5 bg-ink"
          style={{ left: `${(1 / most) * 100}%` }}
        />
      </span>
      <span className="w-14 text-right text-xs">
        {formatNumber(Number(times.toPrecision(3)))} ×
      </span>
    </span>
  );
}
