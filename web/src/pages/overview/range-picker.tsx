/** How far back the overview looks. */
const RANGES = [
  [15, '15 min'],
  [60, '1 h'],
  [360, '6 h'],
  [1440, '24 h'],
  [10_080, '7 d'],
] as const;

export function RangePicker({
  minutes,
  onChange,
}: {
  minutes: number;
  onChange: (minutes: number) => void;
}) {
  return (
    <fieldset className="flex overflow-hidden rounded-md border border-control/60">
      <legend className="sr-only">Time range</legend>
      {RANGES.map(([value, label]) => (
        <label
          key={value}
          className="cursor-pointer border-control/40 border-l px-2.5 py-1 text-muted first:border-l-0 hover:text-ink has-checked:bg-raised has-checked:font-semibold has-checked:text-ink has-focus-visible:outline-2 has-focus-visible:outline-accent has-focus-visible:-outline-offset-2"
        >
          <input
            type="radio"
            name="range"
            className="sr-only"
            checked={minutes === value}
            onChange={() => onChange(value)}
          />
          {label}
        </label>
      ))}
    </fieldset>
  );
}
