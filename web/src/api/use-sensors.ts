import { useQuery } from '@tanstack/react-query';
import { SensorList } from '../../../src/contract/api.ts';
import { get } from './client.ts';

export function useSensors() {
  return useQuery({
    queryKey: ['sensors'],
    queryFn: ({ signal }) => get('/api/v1/sensors', {}, SensorList, signal),
    select: (list) => list.sensors,
    refetchInterval: 15_000,
  });
}
