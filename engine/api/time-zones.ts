// The time zones of the IANA database by their rules of today: offset from UTC and when the clock changes. Rules that no
// formula gives (Morocco, Palestine) are left out, and so are zones of the past: such a name is unknown here.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A change of the clock: month (1…12), a weekday (0: Sunday) on or after a day (or the last: 'last'), ms after midnight. */
interface Change {
  month: number;
  weekday: number;
  from: number | 'last';
  time: number;
  /** Whose midnight: standard time's or UTC's. */
  clock: 'standard' | 'utc';
}

interface Rule {
  begins: Change;
  ends: Change;
  /** How far the clock is put forward, ms. */
  saves: number;
}

const on = (
  month: number,
  weekday: number,
  from: number | 'last',
  hours: number,
  clock: Change['clock'] = 'standard',
): Change => ({ month, weekday, from, time: hours * HOUR, clock });

/** Both changes in standard time or UTC. */
const RULES: Readonly<Record<string, Rule>> = {
  US: { begins: on(3, 0, 8, 2), ends: on(11, 0, 1, 1), saves: HOUR },
  Cuba: { begins: on(3, 0, 8, 0), ends: on(11, 0, 1, 0), saves: HOUR },
  EU: { begins: on(3, 0, 'last', 1, 'utc'), ends: on(10, 0, 'last', 1, 'utc'), saves: HOUR },
  Moldova: { begins: on(3, 0, 'last', 2), ends: on(10, 0, 'last', 2), saves: HOUR },
  Lebanon: { begins: on(3, 0, 'last', 0), ends: on(10, 0, 'last', -1), saves: HOUR },
  Egypt: { begins: on(4, 5, 'last', 0), ends: on(10, 4, 'last', 23), saves: HOUR },
  Israel: { begins: on(3, 5, 23, 2), ends: on(10, 0, 'last', 1), saves: HOUR },
  Australia: { begins: on(10, 0, 1, 2), ends: on(4, 0, 1, 2), saves: HOUR },
  'Lord Howe': { begins: on(10, 0, 1, 2), ends: on(4, 0, 1, 1.5), saves: HOUR / 2 },
  'New Zealand': { begins: on(9, 0, 'last', 2), ends: on(4, 0, 1, 2), saves: HOUR },
  Chatham: { begins: on(9, 0, 'last', 2.75), ends: on(4, 0, 1, 2.75), saves: HOUR },
  Chile: { begins: on(9, 0, 2, 4, 'utc'), ends: on(4, 0, 2, 3, 'utc'), saves: HOUR },
};

/** '+hh:mm rule area: names'; names of one area follow each other. */
const ZONES = `
+00:00 UTC Etc/UTC Etc/GMT Etc/UCT Etc/Universal Etc/Zulu Etc/Greenwich GMT Greenwich UCT Universal Zulu Iceland Africa/Abidjan Africa/Accra Africa/Bamako Africa/Banjul Africa/Bissau Africa/Conakry Africa/Dakar Africa/Freetown Africa/Lome Africa/Monrovia Africa/Nouakchott Africa/Ouagadougou Africa/Sao_Tome Africa/Timbuktu America/Danmarkshavn Atlantic/Reykjavik Atlantic/St_Helena
+00:00 EU Europe/London Europe/Belfast Europe/Dublin Europe/Guernsey Europe/Isle_of_Man Europe/Jersey Europe/Lisbon Atlantic/Canary Atlantic/Faroe Atlantic/Faeroe Atlantic/Madeira GB GB-Eire Eire Portugal WET
+01:00 Africa/Algiers Africa/Bangui Africa/Brazzaville Africa/Douala Africa/Kinshasa Africa/Lagos Africa/Libreville Africa/Luanda Africa/Malabo Africa/Ndjamena Africa/Niamey Africa/Porto-Novo Africa/Tunis Etc/GMT-1
+01:00 EU Europe/Amsterdam Europe/Andorra Europe/Belgrade Europe/Berlin Europe/Bratislava Europe/Brussels Europe/Budapest Europe/Busingen Europe/Copenhagen Europe/Gibraltar Europe/Ljubljana Europe/Luxembourg Europe/Madrid Europe/Malta Europe/Monaco Europe/Oslo Europe/Paris Europe/Podgorica Europe/Prague Europe/Rome Europe/San_Marino Europe/Sarajevo Europe/Skopje Europe/Stockholm Europe/Tirane Europe/Vaduz Europe/Vatican Europe/Vienna Europe/Warsaw Europe/Zagreb Europe/Zurich Africa/Ceuta Arctic/Longyearbyen Atlantic/Jan_Mayen Poland CET MET
+02:00 Africa/Blantyre Africa/Bujumbura Africa/Gaborone Africa/Harare Africa/Johannesburg Africa/Juba Africa/Khartoum Africa/Kigali Africa/Lubumbashi Africa/Lusaka Africa/Maputo Africa/Maseru Africa/Mbabane Africa/Tripoli Africa/Windhoek Europe/Kaliningrad Libya Etc/GMT-2
+02:00 EU Europe/Athens Europe/Bucharest Europe/Helsinki Europe/Kiev Europe/Kyiv Europe/Mariehamn Europe/Nicosia Europe/Riga Europe/Sofia Europe/Tallinn Europe/Uzhgorod Europe/Vilnius Europe/Zaporozhye Asia/Nicosia Asia/Famagusta EET
+02:00 Moldova Europe/Chisinau Europe/Tiraspol
+02:00 Lebanon Asia/Beirut
+02:00 Egypt Africa/Cairo Egypt
+02:00 Israel Asia/Jerusalem Asia/Tel_Aviv Israel
+03:00 Africa/Addis_Ababa Africa/Asmara Africa/Asmera Antarctica/Syowa Africa/Dar_es_Salaam Africa/Djibouti Africa/Kampala Africa/Mogadishu Africa/Nairobi Asia/Aden Asia/Amman Asia/Baghdad Asia/Bahrain Asia/Damascus Asia/Istanbul Asia/Kuwait Asia/Qatar Asia/Riyadh Europe/Istanbul Europe/Kirov Europe/Minsk Europe/Moscow Europe/Simferopol Europe/Volgograd Indian/Antananarivo Indian/Comoro Indian/Mayotte Turkey W-SU Etc/GMT-3
+03:30 Asia/Tehran Iran
+04:00 Asia/Baku Asia/Dubai Asia/Muscat Asia/Tbilisi Asia/Yerevan Europe/Astrakhan Europe/Samara Europe/Saratov Europe/Ulyanovsk Indian/Mahe Indian/Mauritius Indian/Reunion Etc/GMT-4
+04:30 Asia/Kabul
+05:00 Asia/Almaty Asia/Aqtau Asia/Aqtobe Asia/Ashgabat Asia/Atyrau Asia/Dushanbe Asia/Karachi Asia/Oral Asia/Qostanay Asia/Qyzylorda Asia/Samarkand Asia/Tashkent Asia/Yekaterinburg Indian/Kerguelen Indian/Maldives Antarctica/Mawson Antarctica/Vostok Etc/GMT-5
+05:30 Asia/Calcutta Asia/Colombo Asia/Kolkata
+05:45 Asia/Kathmandu Asia/Katmandu
+06:00 Asia/Bishkek Asia/Dhaka Asia/Omsk Asia/Thimphu Asia/Urumqi Indian/Chagos Etc/GMT-6
+06:30 Asia/Rangoon Asia/Yangon Indian/Cocos
+07:00 Asia/Bangkok Asia/Barnaul Asia/Ho_Chi_Minh Asia/Hovd Asia/Jakarta Asia/Krasnoyarsk Asia/Novokuznetsk Asia/Novosibirsk Asia/Phnom_Penh Asia/Pontianak Asia/Saigon Asia/Tomsk Asia/Vientiane Indian/Christmas Antarctica/Davis Etc/GMT-7
+08:00 Asia/Brunei Antarctica/Casey Asia/Chongqing Asia/Harbin Asia/Hong_Kong Asia/Irkutsk Asia/Kuala_Lumpur Asia/Kuching Asia/Macau Asia/Makassar Asia/Manila Asia/Shanghai Asia/Singapore Asia/Taipei Asia/Ulaanbaatar Australia/Perth Australia/West Hongkong PRC ROC Singapore Etc/GMT-8
+08:45 Australia/Eucla
+09:00 Asia/Chita Asia/Dili Asia/Jayapura Asia/Khandyga Asia/Pyongyang Asia/Seoul Asia/Tokyo Asia/Yakutsk Pacific/Palau Japan ROK Etc/GMT-9
+09:30 Australia/Darwin Australia/North
+09:30 Australia Australia/Adelaide Australia/Broken_Hill Australia/South
+10:00 Asia/Ust-Nera Asia/Vladivostok Australia/Brisbane Australia/Lindeman Australia/Queensland Pacific/Chuuk Pacific/Truk Antarctica/DumontDUrville Pacific/Guam Pacific/Port_Moresby Pacific/Saipan Etc/GMT-10
+10:00 Australia Australia/ACT Australia/Canberra Australia/Hobart Australia/Melbourne Australia/NSW Australia/Sydney Australia/Tasmania Australia/Victoria Antarctica/Macquarie
+10:30 Lord_Howe Australia/Lord_Howe Australia/LHI
+11:00 Asia/Magadan Asia/Sakhalin Asia/Srednekolymsk Pacific/Bougainville Pacific/Efate Pacific/Guadalcanal Pacific/Kosrae Pacific/Noumea Pacific/Pohnpei Pacific/Ponape Etc/GMT-11
+11:00 Australia Pacific/Norfolk
+12:00 Asia/Anadyr Asia/Kamchatka Pacific/Fiji Pacific/Funafuti Pacific/Kwajalein Pacific/Majuro Pacific/Nauru Pacific/Tarawa Pacific/Wake Pacific/Wallis Etc/GMT-12
+12:00 New_Zealand Pacific/Auckland Antarctica/McMurdo Antarctica/South_Pole NZ
+12:45 Chatham Pacific/Chatham NZ-CHAT
+13:00 Pacific/Apia Pacific/Enderbury Pacific/Fakaofo Pacific/Kanton Pacific/Tongatapu Etc/GMT-13
+14:00 Pacific/Kiritimati Etc/GMT-14
-01:00 Atlantic/Cape_Verde Etc/GMT+1
-01:00 EU Atlantic/Azores
-02:00 America/Noronha Atlantic/South_Georgia Etc/GMT+2
-02:00 EU America/Nuuk America/Godthab America/Scoresbysund
-03:00 America/Araguaina America/Argentina/Buenos_Aires America/Argentina/Cordoba America/Argentina/Mendoza America/Argentina/Salta America/Argentina/Tucuman America/Argentina/Ushuaia America/Argentina/La_Rioja America/Argentina/Rio_Gallegos America/Argentina/San_Juan America/Argentina/San_Luis America/Argentina/Catamarca America/Argentina/Jujuy America/Catamarca America/Cordoba America/Jujuy America/Mendoza America/Asuncion America/Bahia America/Belem America/Buenos_Aires America/Cayenne America/Coyhaique America/Fortaleza America/Maceio America/Montevideo America/Paramaribo America/Punta_Arenas America/Recife America/Santarem America/Sao_Paulo Antarctica/Palmer Antarctica/Rothera Atlantic/Stanley Brazil/East Etc/GMT+3
-03:00 US America/Miquelon
-03:30 US America/St_Johns Canada/Newfoundland
-04:00 America/Anguilla America/Antigua America/Aruba America/Barbados America/Blanc-Sablon America/Boa_Vista America/Campo_Grande America/Caracas America/Cuiaba America/Curacao America/Kralendijk America/Lower_Princes America/Marigot America/St_Barthelemy America/Dominica America/Grenada America/Guadeloupe America/Guyana America/La_Paz America/Manaus America/Martinique America/Montserrat America/Port_of_Spain America/Porto_Velho America/Puerto_Rico America/Santo_Domingo America/St_Kitts America/St_Lucia America/St_Thomas America/St_Vincent America/Tortola Brazil/West Etc/GMT+4
-04:00 US America/Glace_Bay America/Goose_Bay America/Halifax America/Moncton America/Thule Atlantic/Bermuda Canada/Atlantic
-04:00 Chile America/Santiago Chile/Continental
-05:00 America/Atikokan America/Coral_Harbour America/Bogota America/Cancun America/Cayman America/Eirunepe America/Guayaquil America/Jamaica America/Lima America/Panama America/Rio_Branco Jamaica EST Etc/GMT+5
-05:00 US America/Detroit America/Fort_Wayne America/Grand_Turk America/Indiana/Indianapolis America/Indiana/Marengo America/Indiana/Petersburg America/Indiana/Vevay America/Indiana/Vincennes America/Indiana/Winamac America/Kentucky/Monticello America/Indianapolis America/Iqaluit America/Kentucky/Louisville America/Louisville America/Montreal America/Nassau America/New_York America/Nipigon America/Port-au-Prince America/Thunder_Bay America/Toronto Canada/Eastern US/Eastern US/Michigan EST5EDT
-05:00 Cuba America/Havana Cuba
-06:00 America/Bahia_Banderas America/Belize America/Chihuahua America/Costa_Rica America/El_Salvador America/Guatemala America/Managua America/Merida America/Mexico_City America/Monterrey America/Regina America/Swift_Current America/Tegucigalpa Pacific/Galapagos Canada/Saskatchewan Mexico/General Etc/GMT+6
-06:00 US America/Chicago America/Indiana/Knox America/Indiana/Tell_City America/North_Dakota/Beulah America/North_Dakota/New_Salem America/Matamoros America/Menominee America/North_Dakota/Center America/Ojinaga America/Rainy_River America/Rankin_Inlet America/Resolute America/Winnipeg Canada/Central US/Central CST6CDT
-06:00 Chile Pacific/Easter Chile/EasterIsland
-07:00 America/Creston America/Dawson America/Dawson_Creek America/Fort_Nelson America/Hermosillo America/Mazatlan America/Phoenix America/Whitehorse Canada/Yukon US/Arizona MST Etc/GMT+7
-07:00 US America/Boise America/Cambridge_Bay America/Ciudad_Juarez America/Denver America/Edmonton America/Inuvik America/Shiprock America/Yellowknife Canada/Mountain US/Mountain Navajo MST7MDT
-08:00 Pacific/Pitcairn Etc/GMT+8
-08:00 US America/Los_Angeles America/Tijuana America/Vancouver Canada/Pacific US/Pacific PST8PDT
-09:00 Pacific/Gambier Etc/GMT+9
-09:00 US America/Anchorage America/Juneau America/Metlakatla America/Nome America/Sitka America/Yakutat US/Alaska
-09:30 Pacific/Marquesas
-10:00 Pacific/Honolulu Pacific/Johnston Pacific/Rarotonga Pacific/Tahiti US/Hawaii HST Etc/GMT+10
-10:00 US America/Adak US/Aleutian
-11:00 Pacific/Midway Pacific/Niue Pacific/Pago_Pago US/Samoa Etc/GMT+11
-12:00 Etc/GMT+12
`;

/** A zone: its offset from UTC at a time, ms. */
export interface TimeZone {
  offset(time: number): number;
}

interface Described {
  standard: number;
  rule: Rule | undefined;
}

let table: Map<string, Described> | undefined;

function zones(): Map<string, Described> {
  if (table) return table;
  table = new Map();
  for (const line of ZONES.trim().split('\n')) {
    const [offset, ...names] = line.split(' ');
    const sign = offset[0] === '-' ? -1 : 1;
    const standard = sign * (Number(offset.slice(1, 3)) * HOUR + Number(offset.slice(4)) * MINUTE);
    // The first word names the rule where it is one; a zone of that name may follow (Egypt, Israel, Cuba).
    const rule = RULES[names[0].replace('_', ' ')];
    for (const name of rule ? names.slice(1) : names) table.set(name, { standard, rule });
  }
  return table;
}

const found = new Map<string, TimeZone>();

/** Undefined when there is no such zone. */
export function timeZone(name: string): TimeZone | undefined {
  const known = found.get(name);
  if (known) return known;
  const described = zones().get(name);
  if (!described) return undefined;
  const zone = described.rule ? changing(described.standard, described.rule) : { offset: () => described.standard };
  found.set(name, zone);
  return zone;
}

function changing(standard: number, { begins, ends, saves }: Rule): TimeZone {
  const years = new Map<number, [number, number]>();
  return {
    offset(time) {
      const year = new Date(time + standard).getUTCFullYear();
      let changes = years.get(year);
      if (!changes) years.set(year, (changes = [moment(year, begins, standard), moment(year, ends, standard)]));
      const [begin, end] = changes;
      // South of the equator summer spans the turn of the year.
      const summer = begin < end ? time >= begin && time < end : time >= begin || time < end;
      return summer ? standard + saves : standard;
    },
  };
}

/** When a change happens in a year, ms since the epoch. */
function moment(year: number, { month, weekday, from, time, clock }: Change, standard: number): number {
  let day: number;
  if (from === 'last') {
    const last = Date.UTC(year, month, 0);
    day = last - ((new Date(last).getUTCDay() - weekday + 7) % 7) * DAY;
  } else {
    const first = Date.UTC(year, month - 1, from);
    day = first + ((weekday - new Date(first).getUTCDay() + 7) % 7) * DAY;
  }
  return day + time - (clock === 'utc' ? 0 : standard);
}
