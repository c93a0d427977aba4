/** Whether blocks are carried out, as the enforcer itself says. */
import { Link } from 'react-router';
import type { Health } from '../../../src/contract/api.ts';
import { useHealth } from '../api/use-health.ts';
import { Badge, type Tone } from '../ui/badge.tsx';
import { Icon, type IconName } from '../ui/icon.tsx';

const LOOKS: Record<
  Health['enforcer'],
  { tone: Tone; icon: IconName; text: string; title: string }
> = {
  armed: {
    tone: 'ok',
    icon: 'block',
    text: 'Armed',
    title: 'Blocks are carried out by the firewall',
  },
  simulated: {
    tone: 'simulated',
    icon: 'ghost',
    text: 'Simulated',
    title: 'Blocks are recorded and shown, not carried out',
  },
  unavailable: {
    tone: 'high',
    icon: 'cross',
    text: 'No enforcer',
    title: 'The firewall cannot be changed here: no block takes effect',
  },
};

export function EnforcementBadge() {
  const { data } = useHealth();
  if (!data) return null;
  const { tone, icon, text, title } = LOOKS[data.enforcer];
  return (
    <Link to="/decisions" title={title} aria-label={`Blocks: ${text}. ${title}`}>
      <Badge tone={tone} icon={<Icon name={icon} size={12} />}>
        {text}
      </Badge>
    </Link>
  );
}
