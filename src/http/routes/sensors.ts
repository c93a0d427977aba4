/** The sensors that have delivered. */
import { SensorList } from '../../contract/api.ts';
import { listSensors } from '../../store/sensors.ts';
import { route } from '../route.ts';

export const getSensors = route({
  method: 'GET',
  path: '/api/v1/sensors',
  access: 'viewer',
  summary: 'Sensors, when they last delivered and what was lost on the way',
  reply: SensorList,
  handle: async ({ services }) => ({ sensors: await listSensors(services.db) }),
});
