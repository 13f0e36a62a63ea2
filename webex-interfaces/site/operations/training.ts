import { type Call, inDateScope, isAsked } from "../call.ts";
import { Refusal } from "../refusals.ts";
import type { Tree, Value } from "../schema.ts";
import { isHost } from "../sessions.ts";
import type { SessionRow } from "../tables.ts";
import { readTime } from "../times.ts";
import { at, groups, list, text, whole } from "../trees.ts";
import { changesOwn, documented, inSchema, readsOwn, readsPublic, type Service } from "./operation.ts";
import { trainingSessions } from "./sessions.ts";

interface LabRow {
  readonly name: string;
  readonly description: string;
  readonly computers: number;
}
interface ReservationRow {
  readonly lab: string;
  readonly name: string;
  readonly host_id: number;
  readonly starts_at: number;
  readonly ends_at: number;
  readonly computers: number;
}
interface TestRow {
  readonly test_id: number;
  readonly author_id: number;
  readonly sharing: string;
  readonly title: string;
  readonly description: string;
  readonly questions: number;
  readonly ims: string;
}
interface ScheduledTestRow {
  readonly test_id: number;
  readonly library_id: number;
  readonly session_key: number;
  readonly delivery: string;
  readonly status: string;
  readonly starts_at: number;
  readonly due_at: number | null;
  readonly minutes: number | null;
  readonly title: string;
  readonly description: string;
  readonly author_id: number;
  readonly questions: number;
  readonly ims: string;
}
interface ResultRow {
  readonly name: string;
  readonly email: string;
  readonly submitted_at: number;
  readonly score: number;
  readonly grade: string;
  readonly register_id: number;
}

export const training: Service = {
  binding: "training",
  prefix: "train",
  operations: {
    ...trainingSessions,
    getLabInfo: documented(readsPublic, (call) => {
      const labs = call.site
        .all<LabRow>("SELECT * FROM labs")
        .filter(({ name }) => isAsked(call.request.labName, name));
      if (labs.length === 0) throw new Refusal("noRecord");
      return {
        labInfo: labs.map((lab) => ({
          labName: lab.name,
          description: lab.description,
          totalComputers: lab.computers,
          computersInSession: taken(call, lab.name, call.site.now(), call.site.now() + 1),
        })),
      };
    }),
    checkLabAvailability: documented(readsPublic, (call) => {
      const lab = labAsked(call);
      const [from, to] = span(call);
      const zone = call.site.zone(call.request.timeZoneID).id;
      const numComputers = Math.max(0, lab.computers - taken(call, lab.name, from, to));
      const status = numComputers >= Number(call.request.numComputers) ? "AVAILABLE" : "UNAVAILABLE";
      const [sessionStartTime = "", sessionEndTime = ""] = [from, to].map((time) => call.site.time(time, zone));
      const times = { timeZoneID: zone, sessionStartTime, sessionEndTime };
      return { availabilityLabs: [{ labName: lab.name, ...times, numComputers, status }] };
    }),
    getLabSchedule: documented(readsPublic, (call) => {
      const lab = labAsked(call);
      const [from, to] = span(call);
      const zone = call.site.zone(call.request.timeZoneID).id;
      const found = reservations(call, lab.name).filter((each) => each.starts_at < to && each.ends_at > from);
      if (found.length === 0) throw new Refusal("noRecord");
      return {
        scheduledLabs: found.map((each) => ({
          labName: lab.name,
          confName: each.name,
          timeZoneID: zone,
          sessionStartTime: call.site.time(each.starts_at, zone),
          sessionEndTime: call.site.time(each.ends_at, zone),
          hostWebExID: call.site.userById(each.host_id).web_ex_id,
          numComputers: each.computers,
        })),
      };
    }),
    reserveLab: inSchema(changesOwn, (call) => {
      const { request, site } = call;
      const lab = labAsked(call);
      const minutes = whole(request, "timeLimit") ?? 60;
      const zone = site.zone(request.timeZoneID);
      const from = request.startDate === undefined ? site.now() : readTime(String(request.startDate), zone);
      const to = request.endDate === undefined ? from + minutes * 60_000 : readTime(String(request.endDate), zone);
      if (to <= from) throw new Refusal("invalid", "endDate must be after startDate");
      const computers = whole(request, "numComputers") ?? 1;
      if (taken(call, lab.name, from, to) + computers > lab.computers)
        throw new Refusal("impossible", "the lab is taken");
      const row = { lab: lab.name, name: text(request, "topic") ?? "Lab", host_id: call.user.user_id };
      site.insert("lab_reservations", { ...row, starts_at: from, ends_at: to, computers });
      return {};
    }),
    lstLibTests: inSchema(readsOwn, (call) => {
      const found = call.site
        .all<TestRow>("SELECT * FROM tests ORDER BY test_id")
        .filter((test) => seesTest(call, test));
      if (found.length === 0) throw new Refusal("noRecord");
      return {
        libTest: found.map((test) => ({
          testID: test.test_id,
          type: test.sharing,
          title: test.title,
          description: test.description,
          author: call.site.userById(test.author_id).web_ex_id,
        })),
      };
    }),
    copyLibTests: inSchema(changesOwn, (call) => ({
      testID: list(call.request, "testID").map((id) => {
        const { title, description, questions, ims } = libraryTest(call, id);
        const sharing = String(call.request.copyToType);
        return call.site.insert("tests", { author_id: call.user.user_id, sharing, title, description, questions, ims });
      }),
    })),
    delLibTests: inSchema(changesOwn, (call) => {
      for (const id of list(call.request, "testID")) {
        call.mustOwn(libraryTest(call, id).author_id);
        call.site.run("DELETE FROM tests WHERE test_id = ?", Number(id));
      }
      return {};
    }),
    uploadIMStest: inSchema(changesOwn, (call) => {
      const ims = call.request.questestinterop as Tree;
      const assessment = groups(ims, "assessment")[0] ?? {};
      const items = JSON.stringify(ims).split('"item":').length - 1;
      const row = {
        sharing: "PRIVATE",
        title: "Uploaded test",
        description: text(assessment, "title") ?? "",
        questions: items,
      };
      return { testID: call.site.insert("tests", { ...row, author_id: call.user.user_id, ims: JSON.stringify(ims) }) };
    }),
    addScheduledTest: inSchema(changesOwn, (call) => {
      const session = trainingOf(call, call.request.sessionKey);
      const row = { session_key: session.session_key, delivery: "IN_SESSION", status: "NOT_STARTED", settings: "{}" };
      return {
        testID: list(call.request, "testID").map((id) => {
          const library_id = libraryTest(call, id).test_id;
          return call.site.insert("scheduled_tests", { ...row, library_id, starts_at: session.starts_at });
        }),
      };
    }),
    setScheduledTest: inSchema(changesOwn, (call) => {
      const { request, site } = call;
      const test = scheduledTest(call, request.testID, request.sessionKey);
      const zone = site.zone(site.session(test.session_key).time_zone);
      const [startDate, dueDate] = ["startDate", "dueDate"].map((name) =>
        text(request, "deliveryMethod", "website", name),
      );
      const minutes = whole(request, "timeLimit", "withinMinutes") ?? null;
      const times = {
        delivery: startDate === undefined ? "IN_SESSION" : "WEBSITE",
        starts_at: startDate === undefined ? test.starts_at : readTime(startDate, zone),
        due_at: dueDate === undefined ? null : readTime(dueDate, zone),
      };
      const settings = JSON.stringify({ attemptLimit: request.attemptLimit, sendReport: request.sendReport });
      site.update("scheduled_tests", { ...times, minutes, settings }, "test_id = ?", test.test_id);
      return {};
    }),
    delScheduledTest: inSchema(changesOwn, (call) => {
      for (const id of list(call.request, "testID")) {
        const test = scheduledTest(call, id, call.request.sessionKey);
        call.site.run("DELETE FROM scheduled_tests WHERE test_id = ?", test.test_id);
      }
      return {};
    }),
    lstScheduledTests: documented(readsOwn, (call) => {
      const { sessionKey, status, author } = call.request;
      const found = scheduledTests(call)
        .filter((test) => isAsked(sessionKey, test.session_key) && isAsked(status, test.status))
        .filter((test) => isAsked(author, call.site.userById(test.author_id).web_ex_id))
        .filter((test) => inDateScope(call, test.starts_at, test.due_at ?? test.starts_at));
      if (found.length === 0) throw new Refusal("noRecord");
      return { test: found.map((test) => testTree(call, test)) };
    }),
    getTestInformation: documented(readsOwn, (call) => {
      const test = scheduledTest(call, call.request.testID);
      const results = resultsOf(call, test);
      const { time_zone } = call.site.session(test.session_key);
      return {
        ...testTree(call, test),
        description: test.description,
        startDate: call.site.time(test.starts_at, time_zone),
        ...(test.minutes !== null && { timeLimit: test.minutes }),
        author: call.site.userById(test.author_id).web_ex_id,
        numQuestions: test.questions,
        numSubmitted: results.length,
        numStarted: results.length,
        numSubmittedUnscroed: 0, // As the schema spells it, beside the right one.
        numSubmittedUnscored: 0,
        submittedTest: results.map((each) => ({
          name: each.name,
          email: each.email,
          submitDate: call.site.time(each.submitted_at, time_zone),
          score: each.score,
          grade: each.grade,
          registerID: each.register_id,
        })),
        maxScore: test.questions,
      };
    }),
    getIMStestDetails: documented(readsOwn, (call) => ({
      questestinterop: JSON.parse(scheduledTest(call, call.request.testID).ims) as Value,
    })),
    getIMStestResult: documented(readsOwn, (call) => {
      const test = scheduledTest(call, call.request.testID);
      const result = resultsOf(call, test).find(({ email }) => isAsked(call.request.participantEmail, email));
      if (!result) throw new Refusal("noRecord");
      const { name, score, grade } = result;
      return { qti_result_report: { result: { context: { name }, assessment_result: { score, grade } } } };
    }),
  },
};

function labAsked(call: Call): LabRow {
  const lab = call.site.one<LabRow>("SELECT * FROM labs WHERE name = ?", String(call.request.labName ?? ""));
  if (!lab) throw new Refusal("noRecord");
  return lab;
}

function span(call: Call): readonly [number, number] {
  const zone = call.site.zone(call.request.timeZoneID);
  const [from = 0, to = 0] = ["sessionStartTime", "sessionEndTime"].map((name) =>
    readTime(text(call.request, name) ?? "", zone),
  );
  if (to <= from) throw new Refusal("invalid", "sessionEndTime must be after sessionStartTime");
  return [from, to];
}

function reservations(call: Call, lab: string): ReservationRow[] {
  return call.site.all<ReservationRow>("SELECT * FROM lab_reservations WHERE lab = ? ORDER BY starts_at", lab);
}

/** Computers of the lab that are reserved at some time in the span. */
function taken(call: Call, lab: string, from: number, to: number): number {
  return reservations(call, lab)
    .filter((each) => each.starts_at < to && each.ends_at > from)
    .reduce((sum, { computers }) => sum + computers, 0);
}

function seesTest(call: Call, test: TestRow): boolean {
  return call.owns(test.author_id) || test.sharing === "SHARE";
}

function libraryTest(call: Call, id: Value): TestRow {
  const test = call.site.one<TestRow>("SELECT * FROM tests WHERE test_id = ?", Number(id));
  if (!test) throw new Refusal("noRecord");
  if (!seesTest(call, test)) throw new Refusal("accessDenied");
  return test;
}

function trainingOf(call: Call, key: Value | undefined): SessionRow {
  const session = call.site.session(key, ["TC"]);
  if (!owns(call, session)) throw new Refusal("notOwn");
  return session;
}

function owns(call: Call, session: SessionRow): boolean {
  return call.owns(session.host_id) || isHost(call.site, session, call.user);
}

function scheduledTests(call: Call): ScheduledTestRow[] {
  return call.site
    .all<ScheduledTestRow>(
      `SELECT s.*, t.title, t.description, t.author_id, t.questions, t.ims
       FROM scheduled_tests s JOIN tests t ON t.test_id = s.library_id ORDER BY s.test_id`,
    )
    .filter((test) => owns(call, call.site.session(test.session_key)));
}

function scheduledTest(call: Call, id: Value | undefined, sessionKey?: Value): ScheduledTestRow {
  const test = scheduledTests(call).find(({ test_id }) => test_id === id);
  if (!test || !isAsked(sessionKey, test.session_key)) throw new Refusal("noRecord");
  return test;
}

function resultsOf(call: Call, { test_id }: ScheduledTestRow): ResultRow[] {
  return call.site.all<ResultRow>("SELECT * FROM test_results WHERE test_id = ? ORDER BY submitted_at", test_id);
}

function testTree(call: Call, test: ScheduledTestRow): Tree {
  const { test_id: testID, title, delivery, status, due_at, session_key: sessionKey } = test;
  const dueDate = due_at === null ? undefined : call.site.time(due_at, call.site.session(sessionKey).time_zone);
  return { testID, title, delivery, status, dueDate, sessionKey };
}

/** The tests of a session, as getTrainingSession and getSessionInfo print them. */
export function testsOfSession(call: Call, session: SessionRow): readonly Tree[] {
  const all = call.site.all<ScheduledTestRow>(
    "SELECT s.*, t.title FROM scheduled_tests s JOIN tests t ON t.test_id = s.library_id WHERE s.session_key = ?",
    session.session_key,
  );
  return all.map((test) => ({
    ...testTree(call, test),
    titleURL: call.site.url("t.php", { TI: test.test_id }),
    ...(at(testTree(call, test), "status") === "STARTED" && {
      action: "TAKE",
      actionURL: call.site.url("t.php", { TI: test.test_id, AT: "TAKE" }),
    }),
  }));
}
