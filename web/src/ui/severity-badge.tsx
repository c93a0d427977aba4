/** Severity as word, colour and shape: octagon, triangle, diamond, circle. */
import type { Severity } from '../../../src/contract/alert.ts';
import { Badge, type Tone } from './badge.tsx';

const LOOKS: Record<Severity, { tone: Tone; shape: string }> = {
  Critical: { tone: 'critical', shape: 'M4 1h4l3 3v4l-3 3H4L1 8V4Z' },
  High: { tone: 'high', shape: 'M6 1 11.5 11H.5Z' },
  Medium: { tone: 'medium', shape: 'm6 .5 5.5 5.5L6 11.5.5 6Z' },
  Low: { tone: 'low', shape: 'M6 2a4 4 0 1 0 0 8 4 4 0 0 0 0-8Z' },
};

export function SeverityBadge({ severity }: { severity: Severity }) {
  const { tone, shape } = LOOKS[severity];
  return (
    <Badge
      tone={tone}
      icon={
        <svg aria-hidden="true" width="12" height="12" viewBox="0 0 12 12">
          <path d={shape} fill="currentColor" />
        </svg>
      }
    >
      {severity}
    </Badge>
  );
}
