/** A filter with a fixed choice of values; the first is all of them. */
import { Field } from './field.tsx';

export function SelectFilter({
  label,
  value,
  options,
  all = 'All',
  onChange,
}: {
  label: string;
  value: string | undefined;
  options: readonly { value: string; label: string }[];
  /** What no choice means. */
  all?: string;
  onChange: (value: string) => void;
}) {
  return (
    <Field label={label}>
      {(control) => (
        <select
          {...control}
          className="field"
          value={value ?? ''}
          onChange={(event) => onChange(event.target.value)}
        >
          <option value="">{all}</option>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
