/** A filter by address. */
import { useEffect, useState } from 'react';
import { z } from 'zod';
import { Field } from './field.tsx';

const Ip = z.union([z.ipv4(), z.ipv6()]);

/** Takes effect on Enter or when it loses the focus; what is no address is said, not sent. */
export function IpFilter({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string | undefined;
  onChange: (value: string) => void;
}) {
  const [text, setText] = useState(value ?? '');
  useEffect(() => setText(value ?? ''), [value]);
  const isValid = text === '' || Ip.safeParse(text.trim()).success;
  const commit = () => {
    if (isValid && text.trim() !== (value ?? '')) onChange(text.trim());
  };
  return (
    <Field label={label} problem={isValid ? null : 'Not an IP address'}>
      {(control) => (
        <input
          {...control}
          className="field w-40 font-mono"
          inputMode="text"
          autoCapitalize="off"
          autoComplete="off"
          spellCheck={false}
          placeholder="any"
          value={text}
          onChange={(event) => setText(event.target.value)}
          onBlur={commit}
          onKeyDown={(event) => event.key === 'Enter' && commit()}
        />
      )}
    </Field>
  );
}
