/** How sure: the number and a short bar. */
import { formatShare } from '../format/number.ts';
import { Bar } from './bar.tsx';

export function Confidence({ value }: { value: number }) {
  return (
    <span className="inline-flex items-center gap-2">
      <span className="w-14 text-right">{formatShare(value)}</span>
      <span className="w-10">
        <Bar share={value} />
      </span>
    </span>
  );
}
