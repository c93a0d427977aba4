/** One of a few named values, such as how long something lasts. */
import { Field } from './field.tsx';

export function ChoiceField({
  label,
  value,
  choices,
  first,
  onChange,
}: {
  label: string;
  value: string;
  choices: readonly (readonly [value: number, label: string])[];
  /** The choice of none of them, where there is one. */
  first?: string;
  onChange: (value: string) => void;
}) {
  return (
    <Field label={label}>
      {(control) => (
        <select
          {...control}
          className="field"
          value={value}
          onChange={(event) => onChange(event.target.value)}
        >
          {first !== undefined && <option value="">{first}</option>}
          {choices.map(([each, name]) => (
            <option key={each} value={each}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
