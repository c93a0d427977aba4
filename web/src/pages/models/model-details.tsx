/** One model file: its drift, what it would have said as a challenger, and a card for each model in it. */
import { useModel } from '../../api/use-models.ts';
import { Loaded } from '../../ui/loaded.tsx';
import { ModelCard } from './model-card.tsx';
import { ModelDrift } from './model-drift.tsx';
import { ModelShadow } from './model-shadow.tsx';

export function ModelDetails({ hash }: { hash: string }) {
  return (
    <Loaded query={useModel(hash)} what="the model">
      {({ entry, cards, shadow, drift }) => (
        <>
          {entry.state === 'champion' && <ModelDrift drift={drift} />}
          {shadow && <ModelShadow shadow={shadow} />}
          <div className="grid items-start gap-3 xl:grid-cols-2">
            {cards.map((card) => (
              <ModelCard key={card.name} card={card} />
            ))}
          </div>
        </>
      )}
    </Loaded>
  );
}
