"""Word lists of the made-up contractor: its customers, sites, work and parts. No real company is meant."""

from __future__ import annotations

from typing import Final

FIRST_WORDS: Final = (
    "Orchard", "Harbor", "Summit", "Cedar", "Granite", "Riverbend", "Northgate", "Lakeshore", "Pioneer",
    "Evergreen", "Sterling", "Beacon", "Copper", "Meridian", "Prairie", "Whitfield", "Larkspur", "Ironwood",
    "Maple Street", "Bluestone", "Kingsley", "Fairmont", "Oakhurst", "Silverline", "Windham", "Castlerock",
    "Peña Brothers", "Müller", "Café Ångström", "Łukasz", "São Bento", "O'Rourke", "D'Angelo", "Château Vert",
    "St. Brigid's", "Al-Rashid", "Nuñez", "Fjörd", "Übergrün", "McAllister", "Van der Berg", "Hawthorne",
    "Eastbrook", "Coastal", "Tri-County", "First Avenue", "Union", "Heritage", "Crescent", "Juniper",
)  # fmt: skip

TRADES: Final = (
    "Foods", "Logistics", "Medical Center", "School District", "Property Group", "Cold Storage", "Brewing",
    "Hotels", "Senior Living", "Manufacturing", "Data Centers", "Distribution", "Credit Union", "Theatres",
    "Fitness", "Supermarkets", "Dental Partners", "Auto Mall", "Plastics", "Printing", "Textiles",
    "Packaging", "Surgical Associates", "Community College", "Housing Authority",
    "Real Estate Holdings", "Warehousing",
)  # fmt: skip

LONG_TAILS: Final = (
    "Property Management and Facilities Services of the Greater Columbus Metropolitan Area",
    "Board of Trustees for Buildings, Grounds, Fire & Life Safety",
    "Regional Health System Physicians' Office Buildings",
    "Condominium Unit Owners' Association, Phases I, II & III",
)

SUFFIXES: Final = (
    ", Inc.", " Inc", " LLC", ", LLC", ", L.L.C.", " Corp.", " Co.", " Company", ", Ltd.", " LP", " & Sons",
    "", "", "",
)  # fmt: skip

STREETS: Final = (
    "Main St", "Industrial Pkwy", "Commerce Blvd", "W. Broad Street", "Old Mill Rd", "E 14th Ave",
    "County Rd 9", "Harbor View Dr", "Cañon Way", "Martin Luther King Jr. Blvd",
    "State Route 315 N", "Technology Ct",
)  # fmt: skip

CITIES: Final = (
    ("Columbus", "OH", "432", "614"), ("Dayton", "OH", "454", "937"), ("Cincinnati", "OH", "452", "513"),
    ("Louisville", "KY", "402", "502"), ("Lexington", "KY", "405", "859"),
    ("Indianapolis", "IN", "462", "317"), ("Fort Wayne", "IN", "468", "260"),
    ("Ann Arbor", "MI", "481", "734"), ("Pittsburgh", "PA", "152", "412"), ("Wheeling", "WV", "260", "304"),
)  # fmt: skip
"""(city, state, first digits of its postal codes, area code)."""

SITE_KINDS: Final = (
    "Plant", "Store", "Building", "Warehouse", "Campus", "Clinic", "Tower", "Depot", "Annex", "Kitchen",
)  # fmt: skip

FIRST_NAMES: Final = (
    "Dana", "Luis", "Priya", "Tom", "Aoife", "Grzegorz", "Mei", "Jamal", "Renée", "Sven", "Carla", "Ngozi",
    "Bill", "Héctor", "Yuki", "Olena",
)  # fmt: skip

LAST_NAMES: Final = (
    "Whitaker", "Muñoz", "Raman", "Olsen", "Byrne", "Kowalczyk", "Zhang", "Brooks", "Lefèvre", "Lindqvist",
    "Romano", "Okafor", "Tanner", "Ibáñez", "Sato", "Shevchenko",
)  # fmt: skip

WORK: Final = (
    "Quarterly RTU inspection", "Backflow preventer test & certification", "Emergency: no heat, 3rd floor",
    "Sprinkler head replacement (qty 14)", "Chiller #2 tube cleaning", "Fire alarm panel 24V supply fault",
    "Walk-in cooler < 40°F not holding", "Boiler annual & CSD-1", "Exhaust hood cleaning", "VFD swap, AHU-3",
    "Kitchen make-up air — belt + bearings", "Grease trap pump-out", "Fire pump weekly churn test",
    "Dry system trip test (NFPA 25)", "Cooling tower basin leak", "Compressor change-out, 20 ton",
    "Thermostat relocation", "Ductwork repair after roof work", "Refrigerant leak search",
    "Extinguisher tags",
)  # fmt: skip

NOTES: Final = (
    "per PO, see attached", "tech returned w/ parts", "approved by J. “Chip” Day", "NTE $500 exceeded — OK’d",
    "after hours", "2 techs", "½ day", "", "", "",
)  # fmt: skip
