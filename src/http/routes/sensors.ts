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
  async handle({ services, state }) {
    const sensors = await listSensors(services.db);
    return {
      sensors: sensors.map((sensor) => {
        const skew = state.sensorClocks.skewOf(sensor.sensor_id);
        return { ...sensor, clock_skew_s: skew && skew.skewMs / 1000 };
      }),
    };
  },
});
