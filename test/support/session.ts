/** A person with a password, or a program with a key, at a running platform. */
export interface Session {
  get(path: string): Promise<Response>;
  send(
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
  ): Promise<Response>;
  /** The JSON of an answer that must be good. */
  json<Answer>(path: string): Promise<Answer>;
}

export async function signIn(url: string, password: string): Promise<Session> {
  const answer = await fetch(`${url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url },
    body: JSON.stringify({ username: 'admin', password }),
  });
  if (!answer.ok) throw new Error(`Cannot sign in: ${answer.status} ${await answer.text()}`);
  const cookie = answer.headers
    .getSetCookie()
    .map((each) => each.split(';')[0])
    .join('; ');
  const get = (path: string) => fetch(`${url}${path}`, { headers: { cookie } });
  return {
    get,
    send: (method, path, body) =>
      fetch(`${url}${path}`, {
        method,
        headers: {
          cookie,
          origin: url,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    async json(path) {
      const reply = await get(path);
      if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
      return await reply.json();
    },
  };
}

/** Asks again and again until `isDone`, at most for `seconds`. */
export async function until<Value>(
  seconds: number,
  ask: () => Promise<Value>,
  isDone: (value: Value) => boolean,
): Promise<Value> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const value = await ask();
    if (isDone(value) || Date.now() > deadline) return value;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
