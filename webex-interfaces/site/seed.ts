import type { Tree } from "./schema.ts";
import type { Site } from "./site.ts";

const HOUR = 3_600_000;

/** The site, and who of its people is named first to whoever starts it. */
export const first = { site: "harbour", host: "anna.berg", admin: "site.admin" } as const;

/** A new site: four people, a session of each service in the days to come, one that is over, and something of everything else. */
export function seed(site: Site): void {
  const now = site.now();
  const today = now - (now % HOUR);
  site.insert("sites", {
    site_id: 243585,
    name: first.site,
    partner_id: "quay7",
    time_zone: 4,
    rate_limit: 600,
    settings: JSON.stringify(settings),
  });
  for (const [name, value] of Object.entries({ conf: 112_354_000_000_000, register: 100_000 }))
    site.insert("counters", { name, value });
  site.run(
    "INSERT INTO sqlite_sequence (name, seq) VALUES ('sessions', 712475000), ('scheduled_tests', 5000), ('users', 310400)",
  );

  const user = (web_ex_id: string, first_name: string, last_name: string, role: string) =>
    site.insert("users", {
      web_ex_id,
      email: `${web_ex_id}@harbour.example`,
      password: site.draw(),
      first_name,
      last_name,
      role,
      active: "ACTIVATED",
      time_zone: 4,
      registered_at: today - 400 * 24 * HOUR,
      profile: JSON.stringify({ company: "Harbour Works", language: "ENGLISH", tracking: { trackingCode1: "dock 4" } }),
    });
  const admin = user(first.admin, "Ada", "Quist", "admin");
  user("site.viewer", "Vera", "Holm", "view-only");
  const anna = user(first.host, "Anna", "Berg", "host");
  const ben = user("ben.cole", "Ben", "Cole", "host");
  const account = (user_id: number, account_index: number, toll: string, code: string) =>
    site.insert("tsp_accounts", {
      user_id,
      account_index,
      toll_free: `1800${toll}`,
      toll: `1408${toll}`,
      subscriber: `9${code}`,
      participant: code,
      is_default: account_index === 1 ? 1 : 0,
      settings: "{}",
    });
  account(anna, 1, "5550142", "4711001");
  account(anna, 2, "5550143", "4711002");
  account(ben, 1, "5550177", "4711009");

  const session = (
    service: string,
    host_id: number,
    name: string,
    days: number,
    type: number,
    settings: Tree,
    listing = "PUBLIC",
  ) =>
    site.insert("sessions", {
      service,
      conf_id: site.next("conf"),
      host_id,
      name,
      type,
      password: service === "SC" ? "" : "pier-9-pass",
      listing,
      starts_at: today + days * 24 * HOUR,
      minutes: 60,
      time_zone: 4,
      host_key: String(260_806 + site.next("register")),
      settings: JSON.stringify(settings),
    });
  const telephony = { telephonySupport: "CALLIN", enableTSP: true, tspAccountIndex: 1 };
  const weekly = session("MC", anna, "Berth planning", 2, 3, {
    metaData: { agenda: "Berths of the week" },
    telephony,
    repeat: { repeatType: "WEEKLY", dayInWeek: { day: ["MONDAY"] } },
    tracking: { trackingCode1: "dock 4" },
  });
  session("MC", ben, "Crane inspection", 3, 3, { telephony: { telephonySupport: "NONE" } }, "UNLISTED");
  const training = session("TC", anna, "Mooring course", 4, 11, {
    metaData: { description: "For new deck hands", agenda: "Lines and knots" },
    telephony,
    attendeeOptions: { registration: true },
    material: { document: [{ name: "Knots.pdf", URL: site.url("docs/knots.pdf"), size: 48_120 }] },
  });
  const event = session("EC", anna, "Open quay day", 6, 13, {
    metaData: { description: "For everybody", programID: 1 },
    panelists: { panelistsInfo: "The harbour master" },
    extOptions: { registration: true },
    material: { imageURL: site.url("docs/quay.jpg") },
  });
  session("SaC", ben, "Container offer", 5, 214, {
    metaData: { account: "North Freight", opportunity: "Reefers", agenda: "Prices" },
    telephony,
  });
  session("AO", anna, "Pilots by telephone", 7, 15, { telephony }, "PRIVATE");
  session("SC", ben, "Help at the gate", 1, 16, {});

  const attendee = (session_key: number, part: string, name: string, join_status: string) =>
    site.insert("attendees", {
      session_key,
      part,
      name,
      email: `${name.toLowerCase().replace(" ", ".")}@visitor.example`,
      join_status,
      register_id: join_status === "REGISTER" ? site.next("register") : null,
      enrolled: join_status === "REGISTER" ? "APPROVED" : null,
      enrolled_at: join_status === "REGISTER" ? today : null,
      person: "{}",
    });
  attendee(weekly, "attendee", "Cara Dunn", "INVITE");
  attendee(weekly, "attendee", "Dov Eder", "INVITE");
  attendee(training, "presenter", "Finn Gray", "INVITE");
  attendee(training, "attendee", "Gita Hale", "REGISTER");
  attendee(event, "panelist", "Hugo Ives", "INVITE");
  attendee(event, "attendee", "Iris Jung", "REGISTER");

  for (const [service, type] of [
    ["MC", 3],
    ["TC", 11],
    ["EC", 13],
    ["SaC", 214],
    ["SC", 16],
  ] as const) {
    const conf_id = site.next("conf");
    site.insert("history_sessions", {
      conf_id,
      session_key: 712_474_000 + type,
      service,
      name: `Past ${service}`,
      type,
      host_id: anna,
      host_web_ex_id: "anna.berg",
      host_name: "Anna Berg",
      host_email: "anna.berg@harbour.example",
      started_at: today - 48 * HOUR,
      ended_at: today - 47 * HOUR,
      time_zone: 4,
      invited: 2,
      registered: 1,
      settings: JSON.stringify({
        tracking: { trackingCode1: "dock 4" },
        metaData: { account: "North Freight", opportunity: "Reefers" },
      }),
    });
    for (const [name, call, minutes, part] of [
      ["Anna Berg", "call-in", 60, "host"],
      ["Cara Dunn", "toll-free", 50, "attendee"],
      ["Dov Eder", "voip", 30, "attendee"],
    ] as const) {
      const email = `${name.toLowerCase().replace(" ", ".")}@${part === "host" ? "harbour" : "visitor"}.example`;
      site.insert("history_attendees", {
        conf_id,
        part,
        name,
        email,
        join_status: "INVITE",
        joined_at: today - 48 * HOUR,
        left_at: today - 48 * HOUR + minutes * 60_000,
        call,
        person: '{"company":"North Freight"}',
      });
    }
    const recording_id = site.insert("recordings", {
      session_key: 712_474_000 + type,
      conf_id,
      service,
      host_id: anna,
      name: `Recording of ${service}`,
      created_at: today - 46 * HOUR,
      seconds: 3_540,
      megabytes: 12.5,
      format: "ARF",
      listing: "PUBLIC",
      password: "",
      settings: '{"basic":{"agenda":"As it was"}}',
    });
    site.insert("recording_views", {
      recording_id,
      name: "Cara Dunn",
      email: "cara.dunn@visitor.example",
      at: today - 20 * HOUR,
      registered: 1,
      downloaded: 0,
      viewed: 1,
    });
  }

  const contact = site.insert("contacts", {
    owner_id: anna,
    name: "Cara Dunn",
    email: "cara.dunn@visitor.example",
    address_type: "PERSONAL",
    person: '{"company":"North Freight"}',
  });
  const list_id = site.insert("lists", {
    owner_id: anna,
    name: "Shippers",
    description: "Who ships",
    address_type: "PERSONAL",
  });
  site.insert("list_contacts", { list_id, contact_id: contact });
  site.insert("labs", { name: "Bridge simulator", description: "Six consoles", computers: 6 });
  site.insert("lab_reservations", {
    lab: "Bridge simulator",
    name: "Mooring course",
    host_id: anna,
    starts_at: today + 96 * HOUR,
    ends_at: today + 97 * HOUR,
    computers: 4,
  });
  const library_id = site.insert("tests", {
    author_id: anna,
    sharing: "PRIVATE",
    title: "Knots",
    description: "Ten questions",
    questions: 10,
    ims: JSON.stringify({ assessment: [{ title: ["Knots"] }] }),
  });
  const test_id = site.insert("scheduled_tests", {
    library_id,
    session_key: training,
    delivery: "WEBSITE",
    status: "STARTED",
    starts_at: today,
    due_at: today + 240 * HOUR,
    minutes: 20,
    settings: "{}",
  });
  site.insert("test_results", {
    test_id,
    name: "Gita Hale",
    email: "gita.hale@visitor.example",
    submitted_at: today,
    score: 8,
    grade: "B",
    register_id: 100_001,
  });
  for (const name of ["Reefer slot", "Dry slot"]) site.insert("products", { name, description: `${name} for a week` });
  const account_id = site.insert("accounts", { owner_id: ben, name: "North Freight", settings: "{}" });
  site.insert("opportunities", { owner_id: ben, account_id, name: "Reefers", settings: "{}" });
  site.insert("programs", {
    host_id: anna,
    name: "Harbour year",
    listing: "PUBLIC",
    settings: '{"expectedEnrollment":"200","budget":"1000"}',
  });
  for (const [type_id, code, name, service] of [
    [3, "PRO", "Meeting Pro", "MeetingCenter"],
    [11, "TRS", "Training", "TrainingCenter"],
    [13, "ONS", "Event", "EventCenter"],
    [15, "AUO", "Audio only", "MeetingCenter"],
    [16, "SMT", "Support", "SupportCenter"],
    [214, "SAC", "Sales", "SalesCenter"],
  ] as const) {
    site.insert("meeting_types", {
      type_id,
      code,
      name,
      services: JSON.stringify([service]),
      settings: JSON.stringify({
        limits: { maxMeetingDuration: 1_440, maxMeetingUser: 500 },
        options: { supportChat: true, supportTeleconfCallIn: true },
        phoneNumbers: { primaryTollCallInNumber: "14085550199" },
      }),
    });
  }
  site.insert("queues", { name: "Gate", role: "AGENT", agents: '["ben.cole"]', changed_at: today });
  site.insert("templates", { owner_id: anna, name: "Weekly", service_type: "MeetingCenter" });
  site.insert("files", { owner_id: anna, folder: "", name: "tides.txt", bytes: 2_048 });
  site.insert("computers", { owner_id: anna, name: "Office desk", state: "available" });
  site.insert("credentials", { value: site.draw(), kind: "access-token", user_id: admin, last_used: now });
}

const isOn = { enabled: true, pageVersion: "T28L", clientVersion: "T28L" };
const words = {
  mixedCase: true,
  minLength: 8,
  minAlpha: 1,
  minNumeric: 1,
  minSpecial: 0,
  disallowWebTextAccounts: false,
  disallowList: false,
};
const adaptor = (serverIP: string) => ({
  enableAdaptor: true,
  serverIP,
  mpAudio: [{ label: "Call-in toll number", phoneNumber: "14085550199" }],
  globalCallInNumURL:
    "https://numbers.example/call-in?toll=%TollNum%&tollCC=%TollNumCC%&free=%TollFreeNum%&freeCC=%TollFreeNumCC%&code=%ParticipantCode%",
});

/** What getSite gives. `metaData` is filled in from the row. */
const settings: Tree = {
  metaData: {
    isEnterprise: true,
    region: "U.S.",
    currency: "US Dollars",
    pageVersion: "T28L",
    clientVersion: "T28L",
    pageLanguage: "ENGLISH",
    activateStatus: true,
    webPageType: "J2EE",
  },
  ucf: { ucfConfiguration: "default" },
  clientPlatforms: { msWindows: true, macOSX: true, linux: true },
  resourceRestrictions: { isLicenseManager: false },
  supportAPI: { autoLogin: true, aspAndPHPAPI: true, backwardAPI: false, xmlAPI: true, cAPI: false, scorm: false },
  telephonyConfig: {
    isTSPUsingTelephonyAPI: true,
    serviceName: "Harbour Audio",
    participantAccessCodeLabel: "Attendee access code",
    subscriberAccessCodeLabel: "Host access code",
    attendeeIDLabel: "Attendee ID",
    primaryAdaptorURL: "http://127.0.0.1:8787/tsp/local",
    secondaryAdaptorURL: "",
    internetPhone: true,
    callInTeleconferencing: true,
    tollFreeCallinTeleconferencing: true,
    callBackTeleconferencing: true,
    callInNumber: "14085550199",
    intlCallBackTeleconferencing: true,
    maxCallersNumber: 500,
    tspAdaptorSettings: { primaryLarge: adaptor("192.0.2.10"), backup1Large: adaptor("192.0.2.11") },
    meetingPlace: { persistentTSP: false, mpAudioConferencing: "WithoutIntegration" },
    supportAdapterlessTSP: false,
    displayAttendeeID: true,
    provisionTeleAccount: true,
    audioOnly: true,
  },
  trackingCodes: {
    trackingCode: [
      {
        index: 1,
        name: "Dock",
        inputMode: "TEXT",
        hostProfile: "OPTIONAL",
        schedulingPage: [{ service: "MeetingCenter", scheduling: "OPTIONAL" }],
      },
    ],
  },
  supportedServices: {
    meetingCenter: isOn,
    trainingCenter: isOn,
    supportCenter: { ...isOn, webACD: true },
    eventCenter: { ...isOn, marketingAddOn: true },
    salesCenter: isOn,
  },
  securityOptions: {
    passwordExpires: false,
    passwordLifetime: 0,
    allMeetingsUnlisted: false,
    allMeetingsPassword: true,
    joinBeforeHost: false,
    audioBeforeHost: false,
    changePersonalURL: true,
    changeUserName: false,
    meetings: { strictPasswords: false },
    strictUserPassword: false,
    changePWDWhenAutoLogin: false,
    enforceBaseline: false,
    passwordChangeIntervalOpt: false,
    passwordChangeInterval: 0,
  },
  defaults: {
    emailReminders: true,
    entryExitTone: "BEEP",
    voip: true,
    teleconference: { telephonySupport: "CALLIN", tollFree: true, intlLocalCallIn: false },
    joinTeleconfNotPress1: false,
    updateTSPAccount: true,
  },
  passwordCriteria: { ...words, disallowWebTextSessions: false },
  accountPasswordCriteria: { ...words, disallow3XRepeatedChar: false },
  meetingPlace: {},
};
