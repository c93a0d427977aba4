/** How far people are with an alert. */
import type { AlertStatus } from '../../../src/contract/alert.ts';
import { labelOf } from '../format/label.ts';
import { Badge, type Tone } from './badge.tsx';
import { Icon, type IconName } from './icon.tsx';

const LOOKS: Record<AlertStatus, { tone: Tone; icon: IconName }> = {
  open: { tone: 'high', icon: 'alerts' },
  acknowledged: { tone: 'low', icon: 'eye' },
  resolved: { tone: 'ok', icon: 'check' },
  false_positive: { tone: 'neutral', icon: 'cross' },
};

export function StatusBadge({ status }: { status: AlertStatus }) {
  const { tone, icon } = LOOKS[status];
  return (
    <Badge tone={tone} icon={<Icon name={icon} size={12} />}>
      {labelOf(status)}
    </Badge>
  );
}
