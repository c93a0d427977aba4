/** Decisions: who is blocked and why; blocking and unblocking by hand. */
import { z } from 'zod';
import { BlockOrder, DecisionPage, DecisionQuery } from '../../contract/api.ts';
import { Decision } from '../../contract/decision.ts';
import { listDecisions } from '../../store/decisions.ts';
import { route } from '../route.ts';

const PATH = '/api/v1/decisions';

export const getDecisions = route({
  method: 'GET',
  path: PATH,
  access: 'viewer',
  summary: 'Decisions, newest first',
  query: DecisionQuery,
  reply: DecisionPage,
  handle: ({ services, query }) => listDecisions(services.db, query),
});

export const postDecision = route({
  method: 'POST',
  path: PATH,
  access: 'analyst',
  summary: 'Block an address',
  body: BlockOrder,
  status: 201,
  reply: Decision,
  handle: ({ services, body, caller }) => services.decisions.block(body, caller.name),
});

export const deleteDecision = route({
  method: 'DELETE',
  path: `${PATH}/{id}`,
  access: 'analyst',
  summary: 'Take a block back',
  params: z.object({ id: z.string().min(1).max(64) }),
  reply: Decision,
  handle: ({ services, params, caller }) => services.decisions.unblock(params.id, caller.name),
});

/** Kept from the older system, where the address was all there was. */
export const postBlockIp = route({
  method: 'POST',
  path: '/block-ip',
  access: 'analyst',
  summary: 'Block an address',
  body: BlockOrder,
  reply: z.object({ status: z.literal('success'), message: z.string(), decision: Decision }),
  async handle({ services, body, caller }) {
    const decision = await services.decisions.block(body, caller.name);
    const how = decision.simulated ? 'would be blocked (simulated)' : 'is blocked';
    const until = decision.expires_at ?? 'it is unblocked';
    const message = `${decision.ip} ${how} until ${until}`;
    return { status: 'success' as const, message, decision };
  },
});
