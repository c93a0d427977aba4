/** Buttons: one look per weight. A disabled one says why in `title`. */
import type { ButtonHTMLAttributes } from 'react';

const LOOKS = {
  primary: 'bg-accent text-on-accent border-transparent hover:brightness-110',
  plain: 'bg-raised text-ink border-control/60 hover:border-control',
  danger: 'bg-critical/12 text-critical border-critical/60 hover:bg-critical/20',
  quiet: 'bg-transparent text-muted border-transparent hover:text-ink hover:bg-raised',
} as const;

export function Button({
  look = 'plain',
  className = '',
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { look?: keyof typeof LOOKS }) {
  return (
    <button
      type="button"
      {...rest}
      className={`inline-flex min-h-8 items-center justify-center gap-1.5 rounded-md border px-3 py-1 font-medium disabled:cursor-not-allowed disabled:opacity-55 ${LOOKS[look]} ${className}`}
    />
  );
}
