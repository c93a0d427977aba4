/** The registry: which model judges, how good each is, and who may let another judge. */
import { z } from 'zod';
import { ModelChange, ModelDetail, ModelList } from '../../contract/model.ts';
import { route } from '../route.ts';

const PATH = '/api/v1/models';
const MODEL_BYTES = 64 * 1024 * 1024;
const Hash = z.object({ hash: z.string().regex(/^[0-9a-f]{64}$/) });

export const getModels = route({
  method: 'GET',
  path: PATH,
  access: 'viewer',
  summary: 'Models, which of them judges, and what was changed by whom',
  reply: ModelList,
  handle: ({ services }) => services.models.list(),
});

export const getModel = route({
  method: 'GET',
  path: `${PATH}/{hash}`,
  access: 'viewer',
  summary: 'One model file: lineage, measures, what it is bad at, shadow and drift',
  params: Hash,
  reply: ModelDetail,
  handle: ({ services, params }) => services.models.show(params.hash),
});

export const postModel = route({
  method: 'POST',
  path: PATH,
  access: 'admin',
  summary: 'Register a model file: it becomes the challenger',
  payload: { 'application/octet-stream': { limitBytes: MODEL_BYTES } },
  status: 201,
  reply: ModelChange,
  handle: ({ services, payload, caller }) => services.models.add(payload.bytes, caller.name),
});

export const postModelPromotion = route({
  method: 'POST',
  path: `${PATH}/{hash}/promote`,
  access: 'admin',
  summary: 'Let it judge, if false alerts do not rise on any pinned capture',
  params: Hash,
  reply: ModelChange,
  handle: ({ services, params, caller }) => services.models.promote(params.hash, caller.name),
});

export const postModelRollback = route({
  method: 'POST',
  path: `${PATH}/rollback`,
  access: 'admin',
  summary: 'Let the champion before the last promotion judge again',
  reply: ModelChange,
  handle: ({ services, caller }) => services.models.rollback(caller.name),
});
