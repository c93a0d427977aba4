/** Which model judges, how good it is and how far today's traffic is from what it knows; another, or the one before, at a click. */
import { useSearchParams } from 'react-router';
import type { ModelList } from '../../../../src/contract/model.ts';
import { useModels } from '../../api/use-models.ts';
import { Loaded } from '../../ui/loaded.tsx';
import { Page } from '../../ui/page.tsx';
import { ModelChanges } from './model-changes.tsx';
import { ModelDetails } from './model-details.tsx';
import { ModelTable } from './model-table.tsx';

export function ModelsPage() {
  const query = useModels();
  return (
    <Page title="Models">
      <Loaded query={query} what="models">
        {(list) => <Models list={list} />}
      </Loaded>
    </Page>
  );
}

function Models({ list }: { list: ModelList }) {
  const [params, setParams] = useSearchParams();
  const { models, configured, reason } = list;
  const asked = models.find(({ hash }) => hash === params.get('model'));
  const shown = asked ?? models.find(({ state }) => state === 'champion') ?? models[0];
  return (
    <>
      {configured && (
        <p role="note" className="rounded-md border border-line bg-surface px-3 py-2">
          The configuration names <code className="break-all">{configured}</code>: it judges,
          whichever is champion here.
        </p>
      )}
      {reason && (
        <p
          role="alert"
          className="rounded-md border border-critical/50 bg-critical/10 px-3 py-2 text-critical"
        >
          {reason}
        </p>
      )}
      <ModelTable
        list={list}
        shown={shown?.hash ?? null}
        onShow={(hash) => setParams({ model: hash }, { replace: true })}
      />
      {shown && <ModelDetails hash={shown.hash} />}
      <ModelChanges list={list} />
    </>
  );
}
