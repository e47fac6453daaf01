"""Pairs of English and German sentences from a small grammar with gender, case, number and agreement.

A sentence is drawn as a structure (clauses of noun phrases, a verb or an adjective) and then said in both languages,
so that every English sentence has exactly one translation. What the German side must get right:

- the article follows gender, case and number of its noun, and so does the ending of the adjective, which also depends
  on the article (*die rote Rose*, *ein kleiner Hund*, *den kleinen Hund*, *rote Rosen*); a predicate has no ending;
- the verb agrees with the subject, and decides the case of its object (*sieht den Hund*, but *hilft dem Hund*);
- plural nouns take -n in the dative, and one noun here (*Löwe*) changes in the singular too;
- the verb stands second, also after an adverb (*heute sieht der Hund die Katze*), and last in a clause with *dass*.

Words are lower case but for German nouns; there is no genitive, no past, and one meaning for each word.
"""

from dataclasses import dataclass

import numpy as np

PAD, START, END = range(3)
SPECIAL = ("<pad>", "<s>", "</s>")
CASES = ("nominative", "accusative", "dative")
NUMBERS = ("singular", "plural")


@dataclass(frozen=True)
class Noun:
    """A noun: English singular and plural, German singular and plural, gender m, f or n.

    oblique is the German singular in accusative and dative where it is another form.
    """

    en: str
    en_plural: str
    de: str
    de_plural: str
    gender: str
    oblique: str = ""

    def german(self, number, case):
        if number == "singular":
            return self.oblique if self.oblique and case != "nominative" else self.de
        return self.de_plural + "n" * (case == "dative" and self.de_plural[-1] not in "ns")


@dataclass(frozen=True)
class Verb:
    """A verb in the third person, and the case of its German object."""

    en: str
    en_plural: str
    de: str
    de_plural: str
    case: str = "accusative"


NOUNS = (
    Noun("rose", "roses", "Rose", "Rosen", "f"),
    Noun("dog", "dogs", "Hund", "Hunde", "m"),
    Noun("house", "houses", "Haus", "Häuser", "n"),
    Noun("cat", "cats", "Katze", "Katzen", "f"),
    Noun("tree", "trees", "Baum", "Bäume", "m"),
    Noun("child", "children", "Kind", "Kinder", "n"),
    Noun("flower", "flowers", "Blume", "Blumen", "f"),
    Noun("king", "kings", "König", "Könige", "m"),
    Noun("horse", "horses", "Pferd", "Pferde", "n"),
    Noun("sister", "sisters", "Schwester", "Schwestern", "f"),
    Noun("bird", "birds", "Vogel", "Vögel", "m"),
    Noun("girl", "girls", "Mädchen", "Mädchen", "n"),
    Noun("door", "doors", "Tür", "Türen", "f"),
    Noun("lion", "lions", "Löwe", "Löwen", "m", oblique="Löwen"),
    Noun("book", "books", "Buch", "Bücher", "n"),
)
ADJECTIVES = {
    "red": "rot",
    "old": "alt",
    "small": "klein",
    "big": "groß",
    "new": "neu",
    "green": "grün",
    "beautiful": "schön",
    "young": "jung",
    "white": "weiß",
    "black": "schwarz",
}
VERBS = (
    Verb("sees", "see", "sieht", "sehen"),
    Verb("loves", "love", "liebt", "lieben"),
    Verb("finds", "find", "findet", "finden"),
    Verb("hears", "hear", "hört", "hören"),
    Verb("looks for", "look for", "sucht", "suchen"),
    Verb("helps", "help", "hilft", "helfen", "dative"),
    Verb("thanks", "thank", "dankt", "danken", "dative"),
)
ADVERBS = {"today": "heute", "sometimes": "manchmal"}
MAIN_CLAUSES = {"i know that": "ich weiß , dass", "i think that": "ich glaube , dass"}

# By case, then gender, then plural. An indefinite article has no plural.
ARTICLES = {
    "the": {"nominative": "der die das die", "accusative": "den die das die", "dative": "dem der dem den"},
    "a": {"nominative": "ein eine ein -", "accusative": "einen eine ein -", "dative": "einem einer einem -"},
    "my": {
        "nominative": "mein meine mein meine",
        "accusative": "meinen meine mein meine",
        "dative": "meinem meiner meinem meinen",
    },
}
AFTER_THE = {"nominative": "e e e en", "accusative": "en e e en", "dative": "en en en en"}
AFTER_A = {"nominative": "er e es e", "accusative": "en e es e", "dative": "en en en en"}
AFTER_MY = {"nominative": "er e es en", "accusative": "en e es en", "dative": "en en en en"}
ENDINGS = {"the": AFTER_THE, "a": AFTER_A, "my": AFTER_MY}

# Pairs of adjective and noun that a training corpus leaves out; "the red rose" and "the rose is red" among them
HELD_OUT = frozenset(
    (adjective, noun.en) for i, adjective in enumerate(ADJECTIVES) for j, noun in enumerate(NOUNS) if (i + j) % 5 == 0
)


@dataclass(frozen=True)
class NounPhrase:
    """An article ("the", "a" or "my"), perhaps an adjective, a noun, and a number."""

    article: str
    adjective: str | None
    noun: Noun
    number: str

    def english(self):
        words = [self.adjective] if self.adjective else []
        words.append(self.noun.en if self.number == "singular" else self.noun.en_plural)
        if self.article == "a":
            return (["an" if words[0][0] in "aeiou" else "a"] if self.number == "singular" else []) + words
        return [self.article, *words]

    def german(self, case):
        column = 3 if self.number == "plural" else "mfn".index(self.noun.gender)
        article = ARTICLES[self.article][case].split()[column]
        words = [] if article == "-" else [article]
        if self.adjective:
            words.append(ADJECTIVES[self.adjective] + ENDINGS[self.article][case].split()[column])
        return [*words, self.noun.german(self.number, case)]

    def pairs(self):
        return {(self.adjective, self.noun.en)} if self.adjective else set()


@dataclass(frozen=True)
class Clause:
    """Somebody is (not) something, or does something to somebody; with an opening that moves the German verb."""

    subject: NounPhrase
    predicate: str | None = None
    negated: bool = False
    verb: Verb | None = None
    object: NounPhrase | None = None
    opening: str = ""

    def english(self):
        one = self.subject.number == "singular"
        if self.verb:
            said = [*(self.verb.en if one else self.verb.en_plural).split(), *self.object.english()]
        else:
            said = ["is" if one else "are", *["not"] * self.negated, self.predicate]
        return [*self.opening.split(), *self.subject.english(), *said]

    def german(self):
        one, subject = self.subject.number == "singular", self.subject.german("nominative")
        if self.verb:
            verb, rest = self.verb.de if one else self.verb.de_plural, self.object.german(self.verb.case)
        else:
            verb, rest = "ist" if one else "sind", [*["nicht"] * self.negated, ADJECTIVES[self.predicate]]
        if self.opening in MAIN_CLAUSES:
            return [*MAIN_CLAUSES[self.opening].split(), *subject, *rest, verb]
        if self.opening:
            return [ADVERBS[self.opening], verb, *subject, *rest]
        return [*subject, verb, *rest]

    def pairs(self):
        """The pairs of adjective and noun that occur in it."""
        pairs = self.subject.pairs() | ({(self.predicate, self.subject.noun.en)} if self.predicate else set())
        return pairs | (self.object.pairs() if self.object else set())


def english(clauses):
    """The words of a sentence: its clauses joined by "and", with a comma where a subordinate clause ends."""
    return _joined(clauses, Clause.english, "and")


def german(clauses):
    """The words of its translation."""
    return _joined(clauses, Clause.german, "und")


def _joined(clauses, say, conjunction):
    words = []
    for before, clause in zip((None, *clauses), clauses, strict=False):
        if before:
            words += [","] * (before.opening in MAIN_CLAUSES) + [conjunction]
        words += say(clause)
    return words


def draw_clause(rng):
    """A random clause; every part is drawn uniformly."""

    def some(options):
        return options[rng.integers(len(options))]

    def noun_phrase():
        adjective = some(tuple(ADJECTIVES)) if rng.uniform() < 0.5 else None
        return NounPhrase(some(tuple(ARTICLES)), adjective, some(NOUNS), some(NUMBERS))

    subject = noun_phrase()
    opening = some(("", "", *ADVERBS, *MAIN_CLAUSES))
    if rng.uniform() < 0.4:
        others = tuple(adjective for adjective in ADJECTIVES if adjective != subject.adjective)
        return Clause(subject, predicate=some(others), negated=bool(rng.uniform() < 0.3), opening=opening)
    return Clause(subject, verb=some(VERBS), object=noun_phrase(), opening=opening)


def corpus(N, rng, clauses=(1, 1), held_out=False, without=()):
    """Sentences, all different: their structures.

    N int, rng a numpy Generator, clauses (least, most) for each sentence; held_out: False for no pair of HELD_OUT,
    True for at least one; without: sentences that must not be drawn  ->  list of N tuples of Clause
    """
    drawn, taken = [], set(without)
    while len(drawn) < N:
        sentence = tuple(draw_clause(rng) for _ in range(rng.integers(clauses[0], clauses[1] + 1)))
        rare = any(clause.pairs() & HELD_OUT for clause in sentence)
        if rare == held_out and sentence not in taken:
            taken.add(sentence)
            drawn.append(sentence)
    return drawn


def _words_of(phrases):
    return sorted({word for phrase in phrases for word in phrase.split()})


ENGLISH = (
    *SPECIAL,
    *_words_of(
        [noun.en for noun in NOUNS]
        + [noun.en_plural for noun in NOUNS]
        + [form for verb in VERBS for form in (verb.en, verb.en_plural)]
        + [*ADJECTIVES, *ADVERBS, *MAIN_CLAUSES, "the a an my is are not and ,"]
    ),
)
GERMAN = (
    *SPECIAL,
    *_words_of(
        [noun.german(number, case) for noun in NOUNS for number in NUMBERS for case in CASES]
        + [form for verb in VERBS for form in (verb.de, verb.de_plural)]
        + [adjective + ending for adjective in ADJECTIVES.values() for ending in ("", "e", "en", "er", "es")]
        + [form.replace("-", "") for forms in ARTICLES.values() for form in forms.values()]
        + [*ADVERBS.values(), *MAIN_CLAUSES.values(), "ist sind nicht und ,"]
    ),
)


def to_ids(texts, words):
    """Word numbers of texts, each with END behind it and PAD after that.

    texts list of B lists of str, words the vocabulary  ->  ids (T, B) integers, mask (T, B) with 1 up to END
    """
    number = {word: i for i, word in enumerate(words)}
    ids = np.full((max(map(len, texts)) + 1, len(texts)), PAD)
    for b, text in enumerate(texts):
        ids[: len(text), b] = [number[word] for word in text]
        ids[len(text), b] = END
    return ids, (ids != PAD).astype(float)


def to_words(ids, words):
    """Texts of word numbers (T, B): list of B lists of str, each up to END."""
    texts = []
    for column in np.asarray(ids).T:
        ends = np.flatnonzero((column == END) | (column == PAD))
        texts.append([words[i] for i in column[: ends[0] if len(ends) else None]])
    return texts
