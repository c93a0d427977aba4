import { useQuery } from '@tanstack/react-query';
import { Story } from '../../../src/contract/story.ts';
import { get } from './client.ts';

/** What an address did in the last days and what was done about it. */
export function useStory(ip: string, days: number) {
  return useQuery({
    queryKey: ['story', ip, days],
    queryFn: ({ signal }) =>
      get(`/api/v1/sources/${encodeURIComponent(ip)}/story`, { days }, Story, signal),
  });
}
