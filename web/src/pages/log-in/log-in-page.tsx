/** Signing in. */
import { useState } from 'react';
import { Navigate, useLocation } from 'react-router';
import { useSession, useSignIn } from '../../api/use-session.ts';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { ProblemNote } from '../../ui/problem-note.tsx';

export function LogInPage() {
  const session = useSession();
  const signIn = useSignIn();
  const { state } = useLocation();
  const [username, setUsername] = useState('admin');
  const [password, setPassword] = useState('');
  if (session.data) return <Navigate to={returnPath(state)} replace />;
  return (
    <main className="grid min-h-dvh place-items-center p-4">
      <title>Sign in · PhantomNet</title>
      <form
        className="grid w-full max-w-sm gap-3 rounded-lg border border-line bg-surface p-5"
        onSubmit={(event) => {
          event.preventDefault();
          signIn.mutate({ username, password });
        }}
      >
        <h1 className="flex items-center gap-2 font-semibold text-xl">
          <img src="/favicon.svg" alt="" width="28" height="28" />
          PhantomNet
        </h1>
        <Field label="User name">
          {(control) => (
            <input
              {...control}
              className="field"
              autoComplete="username"
              autoCapitalize="off"
              spellCheck={false}
              required
              maxLength={128}
              value={username}
              onChange={(event) => setUsername(event.target.value)}
            />
          )}
        </Field>
        <Field label="Password">
          {(control) => (
            <input
              {...control}
              className="field"
              type="password"
              autoComplete="current-password"
              // biome-ignore lint/a11y/noAutofocus: the one thing to do on this page.
              autoFocus
              required
              maxLength={1024}
              value={password}
              onChange={(event) => setPassword(event.target.value)}
            />
          )}
        </Field>
        {signIn.error && <ProblemNote title="Cannot sign in" error={signIn.error} />}
        <Button type="submit" look="primary" disabled={signIn.isPending}>
          {signIn.isPending ? 'Signing in…' : 'Sign in'}
        </Button>
        <p className="text-muted text-xs">
          First time here? <code>npm start</code> printed the administrator&apos;s password in its
          terminal when it first started. Lost it? <code>npm run phantomnet -- users password</code>{' '}
          on that machine makes a new one.
        </p>
      </form>
    </main>
  );
}

/** Only ever a path of this site. */
function returnPath(state: unknown): string {
  const from =
    typeof state === 'object' && state !== null && 'from' in state ? String(state.from) : '/';
  return from.startsWith('/') && !from.startsWith('//') ? from : '/';
}
