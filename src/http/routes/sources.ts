/** One address, over time. */
import { z } from 'zod';
import { Story, StoryQuery } from '../../contract/story.ts';
import { storyOf } from '../../store/story.ts';
import { route } from '../route.ts';

export const getStory = route({
  method: 'GET',
  path: '/api/v1/sources/{ip}/story',
  access: 'viewer',
  summary: 'What an address did and what was done about it, on one time line',
  params: z.object({ ip: z.union([z.ipv4(), z.ipv6()]) }),
  query: StoryQuery,
  reply: Story,
  handle: ({ services, params, query }) => storyOf(services.db, params.ip, query.days),
});
