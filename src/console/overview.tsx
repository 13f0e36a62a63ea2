import type { RunningPage } from "../rpc.ts";
import { type Frame, Page } from "./page.tsx";

/** A domain at a glance. */
export function OverviewPage({ running, ...frame }: Frame & { readonly running: RunningPage }) {
  return (
    <Page {...frame} title="Overview">
      <dl class="figures" id="figures" data-part="">
        <div>
          <dt>Conferences now</dt>
          <dd>{running.total}</dd>
        </div>
        <div>
          <dt>Callers now</dt>
          <dd>{running.bridges.reduce((sum, { callers }) => sum + callers, 0)}</dd>
        </div>
      </dl>
    </Page>
  );
}
