/** A small label with an optional mark before it; the words say what the colour says. */
import type { ReactNode } from 'react';

const TONES = {
  critical: 'text-critical border-critical/45 bg-critical/12',
  high: 'text-high border-high/45 bg-high/12',
  medium: 'text-medium border-medium/45 bg-medium/12',
  low: 'text-low border-low/45 bg-low/12',
  ok: 'text-ok border-ok/45 bg-ok/12',
  simulated: 'text-simulated border-simulated/50 border-dashed bg-simulated/12',
  neutral: 'text-muted border-line bg-raised',
} as const;

export type Tone = keyof typeof TONES;

export function Badge({
  tone,
  icon,
  title,
  children,
}: {
  tone: Tone;
  icon?: ReactNode;
  title?: string;
  children: ReactNode;
}) {
  return (
    <span
      title={title}
      className={`inline-flex items-center gap-1.5 whitespace-nowrap rounded border px-1.5 py-px font-medium text-xs leading-[18px] ${TONES[tone]}`}
    >
      {icon}
      {children}
    </span>
  );
}
