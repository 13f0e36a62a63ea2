import { execFile } from "node:child_process";
import type { LocalRun } from "../../scripts/local-run.ts";
import { type FigureName, figureTable } from "../../src/operators/figures.ts";

/** A figure as people or programs read it somewhere; `null`: not known, or not whole. */
export interface Shown {
  readonly where: string;
  readonly name: FigureName;
  readonly value: number | string | null;
}

/** How often what happened, as `/metrics` counts it. */
export type ShownOutcomes = Readonly<Record<string, number>>;

interface AllShown {
  readonly figures: readonly Shown[];
  readonly outcomes: ShownOutcomes;
}

type Value = Shown["value"];

interface ApiFigure {
  readonly name: FigureName;
  readonly value: Value;
  readonly missing: readonly string[];
}

interface Load {
  readonly callers: number | null;
  readonly away?: true;
}

interface Running {
  readonly total: number;
  readonly unknown: number;
  readonly bridges: readonly Load[];
}

interface Minute {
  readonly requests: { readonly confirmed: number; readonly refused: number };
  readonly hosts: readonly { readonly confirmed: number; readonly failed: number; readonly givenUp: number }[];
}

interface Ready {
  readonly figures: Readonly<Record<string, Readonly<Record<FigureName, Omit<ApiFigure, "name">>>>>;
}

interface Status {
  readonly figures: readonly { readonly domain: string; readonly figures: readonly ApiFigure[] }[];
}

const domain = "local";
const answerWithinMs = 10_000;
/** A process of its own, on a machine that is busy starting others. */
const commandWithinMs = 60_000;

/** The same moment in all places where figures are read. Rejects where the edge does not answer. */
export async function shownIn(run: LocalRun): Promise<AllShown> {
  const api = `/api/v1/domains/${domain}`;
  const [figures, running, activity, ready, metrics, overview, list, status, conferences] = await Promise.all([
    read<{ readonly figures: readonly ApiFigure[] }>(ask(run, `${api}/figures`)),
    read<Running>(ask(run, `${api}/running-conferences`)),
    read<{ readonly minutes: readonly Minute[] }>(ask(run, `${api}/activity`)),
    read<Ready>(ask(run, "/readyz", 503)),
    ask(run, "/metrics"),
    ask(run, `/console/${domain}`),
    ask(run, `/console/${domain}/conferences`),
    read<Status>(bridgehead(run, "status")),
    read<readonly { readonly callers: readonly unknown[] }[]>(bridgehead(run, "conferences")),
  ]);
  const inReadiness = Object.entries(ready.figures[domain] ?? {}).map(([name, figure]) => {
    return { name: name as FigureName, ...figure };
  });
  const inStatus = status.figures.find((one) => one.domain === domain)?.figures ?? [];
  const inConferences = conferences.map(({ callers }) => ({ callers: callers.length }));
  const places: readonly (readonly [where: string, figures: Iterable<readonly [FigureName, Value]>])[] = [
    ["API", each(all, figures.figures.map(wholeOf))],
    ["API list", [...ofLoads(running.bridges, running.total), ["unknown", running.unknown]]],
    ["API activity", ofMinutes(activity.minutes)],
    ["readyz", each(all, inReadiness.map(wholeOf))],
    ["metrics", ofMetrics(metrics)],
    ["console overview", [...each(onOverview, ofFacts(overview)), ...ofPlots(overview)]],
    ["console list", ofListPage(list)],
    ["CLI status", each(all, inStatus.map(wholeOf))],
    ["CLI conferences", ofLoads(inConferences, conferences.length)],
  ];
  const outcomes = seriesOf(metrics, "bridgehead_outcomes_total");
  return {
    figures: places.flatMap(([where, ofPlace]) => Array.from(ofPlace, ([name, value]) => ({ where, name, value }))),
    outcomes: Object.fromEntries(outcomes.map(({ labels, value }) => [labelIn(labels, "outcome"), value])),
  };
}

const all = Object.keys(figureTable) as readonly FigureName[];
const onOverview = [
  "conferences",
  "callers",
  "portsInUse",
  "portsFree",
  "documentsWaiting",
  "documentsGivenUp",
] as const satisfies readonly FigureName[];

/** Each of these, as it is shown; what is not there is not known, so that no figure can go away unnoticed. */
export function each(
  names: readonly FigureName[],
  shown: readonly (readonly [FigureName, Value])[],
): readonly (readonly [FigureName, Value])[] {
  const found = new Map(shown);
  return names.map((name) => [name, found.get(name) ?? null] as const);
}

async function read<Answer>(text: Promise<string>): Promise<Answer> {
  return JSON.parse(await text) as Answer;
}

async function ask(run: LocalRun, path: string, alsoFine = 200): Promise<string> {
  const headers = { authorization: `Bearer ${run.operatorToken()}`, accept: "text/html, */*" };
  const answer = await fetch(`${run.edgeUrl}${path}`, { headers, signal: AbortSignal.timeout(answerWithinMs) });
  if (!answer.ok && answer.status !== alsoFine) throw new Error(`${path} answered ${answer.status}`);
  return answer.text();
}

/** What the operators' command prints. */
function bridgehead(run: LocalRun, name: string): Promise<string> {
  const env = { ...process.env, BRIDGEHEAD_STATE: run.state, BRIDGEHEAD_URL: run.edgeUrl };
  const how = { env, timeout: commandWithinMs, maxBuffer: 100_000_000 };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, ["scripts/bridgehead.ts", name, "--json"], how, (error, stdout) => {
      // 1: something is wrong, and the output says what.
      if (error && (error.code !== 1 || stdout === "")) reject(error);
      else resolve(stdout);
    });
  });
}

function wholeOf({ name, value, missing }: ApiFigure): readonly [FigureName, Value] {
  return [name, missing.length === 0 ? value : null];
}

function ofLoads(loads: readonly Load[], conferences: number): readonly (readonly [FigureName, Value])[] {
  const isWhole = loads.every(({ callers, away }) => callers !== null && !away);
  const callers = loads.reduce((sum, one) => sum + (one.callers ?? 0), 0);
  return [
    ["conferences", conferences],
    ["callers", isWhole ? callers : null],
  ];
}

function ofMinutes(minutes: readonly Minute[]): readonly (readonly [FigureName, Value])[] {
  const sum = (count: (minute: Minute) => number) => minutes.reduce((before, one) => before + count(one), 0);
  const ofHosts = (name: keyof Minute["hosts"][number]) =>
    sum(({ hosts }) => hosts.reduce((before, host) => before + host[name], 0));
  return [
    ["requestsConfirmed", sum(({ requests }) => requests.confirmed)],
    ["requestsRefused", sum(({ requests }) => requests.refused)],
    ["postsConfirmed", ofHosts("confirmed")],
    ["postsFailed", ofHosts("failed")],
    ["documentsGivenUp", ofHosts("givenUp")],
  ];
}

/** By the beginning of its series, without the labels that say which domain. */
const gauges: Readonly<Record<string, FigureName>> = {
  'bridgehead_conferences{domain="local",phase="creating"}': "creating",
  'bridgehead_conferences{domain="local",phase="running"}': "running",
  'bridgehead_conferences_unknown{domain="local"}': "unknown",
  'bridgehead_callers{domain="local"}': "callers",
  'bridgehead_documents_waiting{domain="local"}': "documentsWaiting",
  'bridgehead_oldest_document_seconds{domain="local"}': "oldestDocumentSeconds",
};

/** All since the run began, which is less than an hour ago. */
function ofMetrics(metrics: string): readonly (readonly [FigureName, Value])[] {
  const values = seriesOf(metrics, "bridgehead_");
  const posts = (...outcomes: readonly string[]) => {
    const some = values.filter(({ series }) => outcomes.some((one) => series === postsSeries(one)));
    return some.length < outcomes.length ? null : some.reduce((sum, { value }) => sum + value, 0);
  };
  return [
    ...Object.entries(gauges).map(([gauge, name]) => {
      return [name, values.find(({ series }) => series === gauge)?.value ?? null] as const;
    }),
    ["postsConfirmed", posts("confirmed", "refused")],
    ["postsFailed", posts("failed")],
    ["documentsGivenUp", posts("given-up")],
  ];
}

function postsSeries(outcome: string): string {
  return `bridgehead_posts_total{domain="${domain}",outcome="${outcome}"}`;
}

function seriesOf(metrics: string, begins: string) {
  return metrics.split("\n").flatMap((line) => {
    const [series = "", value] = line.split(" ");
    return series.startsWith(begins)
      ? [{ series, labels: series.slice(series.indexOf("{")), value: Number(value) }]
      : [];
  });
}

function labelIn(labels: string, name: string): string {
  return new RegExp(`[{,]${name}="([^"]*)"`).exec(labels)?.[1] ?? "";
}

/** By the words under which people read them. */
function ofFacts(page: string): readonly (readonly [FigureName, Value])[] {
  const words = new Map(Object.entries(figureTable).map(([name, { word }]) => [word as string, name as FigureName]));
  return [...page.matchAll(/<dt>([^<]*)<\/dt><dd>([^<]*)<\/dd>/g)].flatMap(([, word = "", value = ""]) => {
    const name = words.get(word);
    return name === undefined ? [] : [[name, valueIn(value)] as const];
  });
}

function ofPlots(page: string): readonly (readonly [FigureName, Value])[] {
  const sumIn = (title: string): Value => {
    const [, sum] = new RegExp(`<h3>${title}</h3><p[^>]*>(\\d+) in all`).exec(page) ?? [];
    return sum === undefined ? null : Number(sum);
  };
  return [
    ["requestsConfirmed", sumIn("Requests confirmed")],
    ["requestsRefused", sumIn("Requests refused")],
    ["postsConfirmed", sumIn("Posts confirmed")],
  ];
}

function ofListPage(page: string): readonly (readonly [FigureName, Value])[] {
  const [, conferences, callers] = /(\d+) running in all, with (?:(\d+) callers?<)?/.exec(page) ?? [];
  return [
    ["conferences", conferences === undefined ? null : Number(conferences)],
    ["callers", callers === undefined ? null : Number(callers)],
  ];
}

/** "not known" and "at least …" or "about …" are no whole values. */
function valueIn(text: string): Value {
  if (text === "no limit") return text;
  return /^[\d.]+$/.test(text) ? Number(text) : null;
}
