/** Marks what comes from the bundled capture: nobody should be woken up by it. */
import { DEMO_SENSOR } from '../../../src/contract/demo-sensor.ts';
import { Badge } from './badge.tsx';

export function DemoBadge({ sensorId }: { sensorId: string }) {
  if (sensorId !== DEMO_SENSOR) return null;
  return (
    <Badge tone="neutral" title="From the bundled demo capture, not from your network">
      Demo
    </Badge>
  );
}
