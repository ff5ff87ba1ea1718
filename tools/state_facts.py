"""What the boundaries do not say about each state: names, languages, timezone, renamed codes.

CARICOM's fifteen member states, then its associate members. Languages are BCP 47 tags, official
and widely spoken, the main one first; timezones are IANA's.
"""

from typing import NamedTuple


class Facts(NamedTuple):
    """Names in English, French, Haitian Creole, Dutch and Spanish."""

    en: str
    fr: str
    ht: str
    nl: str
    es: str
    timezone: str
    languages: tuple[str, ...] = ("en",)

    @property
    def names(self) -> dict[str, str]:
        return {"en": self.en, "fr": self.fr, "ht": self.ht, "nl": self.nl, "es": self.es}


# fmt: off
STATES = {
    "AG": Facts("Antigua and Barbuda", "Antigua-et-Barbuda", "Antigwa ak Babouda",
                "Antigua en Barbuda", "Antigua y Barbuda", "America/Antigua"),
    "BS": Facts("The Bahamas", "Bahamas", "Bahamas", "Bahama's", "Bahamas", "America/Nassau"),
    "BB": Facts("Barbados", "Barbade", "Babad", "Barbados", "Barbados", "America/Barbados"),
    "BZ": Facts("Belize", "Belize", "Beliz", "Belize", "Belice", "America/Belize", ("en", "es")),
    "DM": Facts("Dominica", "Dominique", "Dominik", "Dominica", "Dominica", "America/Dominica"),
    "GD": Facts("Grenada", "Grenade", "Grenad", "Grenada", "Granada", "America/Grenada"),
    "GY": Facts("Guyana", "Guyana", "Giyana", "Guyana", "Guyana", "America/Guyana"),
    "HT": Facts("Haiti", "Haïti", "Ayiti", "Haïti", "Haití", "America/Port-au-Prince",
                ("ht", "fr")),
    "JM": Facts("Jamaica", "Jamaïque", "Jamayik", "Jamaica", "Jamaica", "America/Jamaica"),
    "KN": Facts("Saint Kitts and Nevis", "Saint-Christophe-et-Niévès", "Sen Kits ak Nevis",
                "Saint Kitts en Nevis", "San Cristóbal y Nieves", "America/St_Kitts"),
    "LC": Facts("Saint Lucia", "Sainte-Lucie", "Sent Lisi", "Saint Lucia", "Santa Lucía",
                "America/St_Lucia"),
    "MS": Facts("Montserrat", "Montserrat", "Monsera", "Montserrat", "Montserrat",
                "America/Montserrat"),
    "SR": Facts("Suriname", "Suriname", "Sirinam", "Suriname", "Surinam", "America/Paramaribo",
                ("nl", "en")),
    "TT": Facts("Trinidad and Tobago", "Trinité-et-Tobago", "Trinidad ak Tobago",
                "Trinidad en Tobago", "Trinidad y Tobago", "America/Port_of_Spain", ("en", "es")),
    "VC": Facts("Saint Vincent and the Grenadines", "Saint-Vincent-et-les-Grenadines",
                "Sen Vensan ak Grenadin yo", "Saint Vincent en de Grenadines",
                "San Vicente y las Granadinas", "America/St_Vincent"),
    "AI": Facts("Anguilla", "Anguilla", "Angiya", "Anguilla", "Anguila", "America/Anguilla"),
    "BM": Facts("Bermuda", "Bermudes", "Bèmid", "Bermuda", "Bermudas", "Atlantic/Bermuda"),
    "VG": Facts("British Virgin Islands", "Îles Vierges britanniques", "Zile Vyèj Britanik",
                "Britse Maagdeneilanden", "Islas Vírgenes Británicas", "America/Tortola"),
    "KY": Facts("Cayman Islands", "Îles Caïmans", "Zile Kayiman", "Kaaimaneilanden",
                "Islas Caimán", "America/Cayman"),
    "TC": Facts("Turks and Caicos Islands", "Îles Turques-et-Caïques", "Zile Tik ak Kayikòs",
                "Turks- en Caicoseilanden", "Islas Turcas y Caicos", "America/Grand_Turk"),
    "CW": Facts("Curaçao", "Curaçao", "Kiraso", "Curaçao", "Curazao", "America/Curacao",
                ("nl", "pap", "en", "es")),
}
# fmt: on

# What ISO 3166-2 has under another code or as part of another subdivision, and what is mislabelled.
RECODED = {
    "BS-X01~": "BS-NP",  # New Providence
    "BS-HI": "BS-SW",  # drawn is the island of Spanish Wells; Harbour Island is not drawn
    # Natural Earth shifted Guyana's names among its regions; its GeoNames names are right.
    "GY-CU": "GY-PM",
    "GY-DE": "GY-ES",
    "GY-EB": "GY-DE",
    "GY-ES": "GY-MA",
    "GY-MA": "GY-EB",
    "GY-PM": "GY-CU",
    "GY-UD": "GY-UT",
    "GY-UT": "GY-UD",
    "KN-14": "KN-15",  # Trinity Palmetto Point
    "LC-04": "LC-06",  # Dauphin was merged into Gros Islet
    "LC-09": "LC-08",  # Praslin was merged into Micoud
    "TT-RCM": "TT-MRC",  # Mayaro-Rio Claro
    "TT-ETO": "TT-TOB",  # Eastern and Western Tobago are one
    "TT-WTO": "TT-TOB",
}

# Names other than ISO's, which is English for all else.
NAMES = {
    "BZ-BZ": {"en": "Belize District", "es": "Distrito de Belice"},
    "GD-10": {"en": "Carriacou and Petite Martinique"},
    "HT-AR": {"en": "Artibonite", "fr": "Artibonite", "ht": "Latibonit"},
    "HT-CE": {"en": "Centre", "fr": "Centre", "ht": "Sant"},
    "HT-GA": {"en": "Grand'Anse", "fr": "Grand'Anse", "ht": "Grandans"},
    "HT-ND": {"en": "Nord", "fr": "Nord", "ht": "Nò"},
    "HT-NE": {"en": "Nord-Est", "fr": "Nord-Est", "ht": "Nòdès"},
    "HT-NI": {"en": "Nippes", "fr": "Nippes", "ht": "Nip"},
    "HT-NO": {"en": "Nord-Ouest", "fr": "Nord-Ouest", "ht": "Nòdwès"},
    "HT-OU": {"en": "Ouest", "fr": "Ouest", "ht": "Lwès"},
    "HT-SD": {"en": "Sud", "fr": "Sud", "ht": "Sid"},
    "HT-SE": {"en": "Sud-Est", "fr": "Sud-Est", "ht": "Sidès"},
}
