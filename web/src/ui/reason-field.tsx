/** Why something is done, for the record. */
import { Field } from './field.tsx';

const MAX_LENGTH = 500;

export function ReasonField({
  value,
  required = false,
  placeholder,
  onChange,
}: {
  value: string;
  required?: boolean;
  placeholder?: string;
  onChange: (value: string) => void;
}) {
  return (
    <Field label="Reason (kept on record)">
      {(control) => (
        <input
          {...control}
          className="field"
          required={required}
          maxLength={MAX_LENGTH}
          placeholder={placeholder}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}
