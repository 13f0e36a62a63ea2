import type { Values } from "../wire/codec.ts";
import { addPerson, schedule, services, startDateOf } from "./sessions.ts";
import { type Session, type SiteData, type SiteUser, siteZone } from "./site.ts";
import { siteSettings } from "./site-settings.ts";
import type { Person, ServiceCode } from "./store.ts";
import { localTime } from "./times.ts";
import { merge } from "./values.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const voice = { telephonySupport: "CALLIN", enableTSP: true, tspAccountIndex: 1 };
const telephony = { ...voice, extTelephonyDescription: "The bridge of the harbour" };

/** Fills a new site with four users, a future and a past session of each service, and one or two of each other kind. */
export function seed(site: SiteData): void {
  const now = site.now();
  const today = now - (now % hourMs);
  site.store.add("site", { rateLimit: 600, settings: merge(siteSettings, { metaData: { timeZoneID: siteZone } }) });
  site.store.next("user", 310_400);
  const [admin, , anna, ben] = users(site, today);
  if (!admin || !anna || !ben) throw new Error("the seed has four users");
  sessions(site, today, anna, ben);
  for (const service of ["MC", "TC", "EC", "SaC", "SC"] as const) past(site, today, anna, service);
  const guest = { name: "Cara Dunn", email: "cara.dunn@visitor.example" };
  site.store.add("contact", { ownerId: anna.key, ...guest });
  const lab = { name: "Bridge simulator", description: "Six consoles", computers: 6 };
  site.store.add("lab", lab);
  const course = { lab: lab.name, name: "Mooring course", hostId: anna.key, computers: 4 };
  site.store.add("reservation", { ...course, startsAt: today + 96 * hourMs, endsAt: today + 97 * hourMs });
  for (const name of ["Reefer slot", "Dry slot"])
    site.store.add("product", { name, description: `${name} for a week` });
  site.store.add("file", { ownerId: anna.key, folder: "", name: "tides.txt", bytes: 2_048 });
  site.store.add("computer", { ownerId: anna.key, name: "Office desk", state: "available" });
  site.issue("access-token", admin);
}

function users(site: SiteData, today: number): readonly SiteUser[] {
  const account = (number: string, code: string, at: number) => ({
    tollFreeCallInNumber: `1800${number}`,
    accountIndex: at + 1,
    tollCallInNumber: `1408${number}`,
    subscriberAccessCode: `9${code}`,
    participantAccessCode: code,
    defaultFlag: at === 0,
  });
  const user = (role: SiteUser["role"], webExId: string, name: string, ...accounts: [string, string][]) => {
    const [firstName, lastName] = name.split(" ");
    const named = { webExId, firstName, lastName, email: `${webExId}@harbour.example` };
    const usual = { active: "ACTIVATED", timeZoneID: siteZone, company: "Harbour Works", language: "ENGLISH" };
    const profile = {
      ...named,
      ...usual,
      tracking: { trackingCode1: "dock 4" },
      tspAccount: { tspAccount: accounts.map(([number, code], at) => account(number, code, at)) },
    };
    const password = site.options.draw();
    return site.store.add("user", { password, role, registeredAt: today - 400 * dayMs, visits: 0, profile });
  };
  return [
    user("admin", "site.admin", "Ada Quist"),
    user("view-only", "site.viewer", "Vera Holm"),
    user("host", "anna.berg", "Anna Berg", ["5550142", "4711001"], ["5550143", "4711002"]),
    user("host", "ben.cole", "Ben Cole", ["5550177", "4711009"]),
  ];
}

function sessions(site: SiteData, today: number, anna: SiteUser, ben: SiteUser): void {
  const password = "pier-9-pass";
  const session = (service: ServiceCode, host: SiteUser, name: string, days: number, given: Values) => {
    const isSales = service === "SaC" || service === "MC";
    const common = {
      accessControl: service === "SC" ? {} : { [isSales ? "meetingPassword" : "sessionPassword"]: password },
      metaData: { [service === "EC" ? "sessionName" : "confName"]: name },
      schedule: { startDate: startDateOf(service, localTime(today + days * dayMs, siteZone)), timeZoneID: siteZone },
    };
    return schedule(site, service, host, merge(common, given));
  };
  const document = (name: string) => ({ name, URL: site.url(`docs/${name.toLowerCase()}`), size: 48_120 });
  const weekly = session("MC", anna, "Berth planning", 2, {
    metaData: { agenda: "Berths of the week" },
    telephony,
    attendeeOptions: { registration: true },
    repeat: { repeatType: "WEEKLY", dayInWeek: { day: ["MONDAY"] } },
    tracking: { trackingCode1: "dock 4" },
  });
  session("MC", ben, "Crane inspection", 3, {
    accessControl: { listToPublic: false, isPublic: false },
    telephony: { telephonySupport: "NONE" },
  });
  const training = session("TC", anna, "Mooring course", 4, {
    metaData: { description: "For new deck hands", agenda: "Lines and knots" },
    telephony,
    attendeeOptions: { registration: true },
    material: { document: [document("Knots.pdf")] },
  });
  const event = session("EC", anna, "Open quay day", 6, {
    metaData: { description: "For everybody", programID: "1" },
    programName: "Harbour year",
    panelists: { panelistsInfo: "The harbour master" },
    extOptions: { registration: true },
    material: { imageURL: site.url("docs/quay.jpg"), document: [document("Quay.pdf")] },
  });
  session("SaC", ben, "Container offer", 5, {
    metaData: { account: "North Freight", opportunity: "Reefers", agenda: "Prices" },
    telephony,
    salesTeam: { altHosts: { webExID: ["site.admin"] } },
  });
  const audioOnly = session("AO", anna, "Pilots by telephone", 7, { accessControl: { listing: "PRIVATE" }, telephony });
  session("SC", ben, "Help at the gate", 1, {});
  const invite = (session: Session, part: string, name: string, joinStatus = "INVITE") =>
    addPerson(site, session, part, { name, email: emailFor(name) }, joinStatus);
  const host = { name: "Ada Quist", email: "site.admin@harbour.example" };
  for (const one of [weekly, audioOnly]) addPerson(site, one, "host", host);
  invite(weekly, "attendee", "Cara Dunn");
  invite(weekly, "attendee", "Dov Eder");
  invite(training, "presenter", "Finn Gray");
  const { name, email } = invite(training, "attendee", "Gita Hale", "REGISTER");
  invite(event, "panelist", "Hugo Ives");
  invite(event, "attendee", "Iris Jung", "REGISTER");
  const submitDate = localTime(today, siteZone);
  site.store.next("test", 5_000);
  site.store.add("test", {
    sessionKey: training.key,
    title: "Knots",
    fields: {
      delivery: "WEBSITE",
      status: "STARTED",
      startDate: submitDate,
      dueDate: localTime(today + 10 * dayMs, siteZone),
      timeLimit: 20,
      author: "anna.berg",
      description: "Ten knots",
      numQuestions: 10,
      maxScore: 10,
    },
    results: [{ name, email, submitDate, score: 8, grade: "B", registerID: "100001" }],
  });
}

function emailFor(name: string, domain = "visitor"): string {
  return `${name.toLowerCase().replace(" ", ".")}@${domain}.example`;
}

function past(site: SiteData, today: number, host: SiteUser, service: ServiceCode): void {
  const type = services[service].usualType;
  const startedAt = today - 48 * hourMs;
  const person = (name: string, call: Person["call"], minutes: number, part = "attendee") => ({
    part,
    name,
    email: emailFor(name, part === "host" ? "harbour" : "visitor"),
    joinStatus: "INVITE",
    registerId: null,
    call,
    person: { company: "North Freight" },
    joinedAt: startedAt,
    leftAt: startedAt + minutes * 60_000,
  });
  site.store.put("past", {
    key: site.store.next("conf", 112_354_000_000_001),
    sessionKey: 712_474_000 + type,
    service,
    name: `Past ${service}`,
    type,
    hostId: host.key,
    startedAt,
    endedAt: startedAt + hourMs,
    settings: { tracking: { trackingCode1: "dock 4" }, metaData: { account: "North Freight", opportunity: "Reefers" } },
    people: [
      person("Anna Berg", "call-in", 60, "host"),
      person("Cara Dunn", "toll-free", 50),
      person("Dov Eder", "voip", 30),
    ],
  });
  site.store.add("recording", {
    service,
    hostId: host.key,
    name: `Recording of ${service}`,
    createdAt: today - 46 * hourMs,
    seconds: 3_540,
    isPublic: true,
    views: [{ name: "Cara Dunn", email: "cara.dunn@visitor.example", at: today - 20 * hourMs, downloaded: 1 }],
  });
}
