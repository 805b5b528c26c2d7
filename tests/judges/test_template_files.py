"""Template files and folders: what is wrong is named with file and field, and nothing changes without a new version."""

import shutil

import pytest
import yaml

from lifealign_bench.data.errors import InputError, UnknownNameError
from lifealign_bench.judges.joint import JointFrame
from lifealign_bench.judges.template import Template
from lifealign_bench.judges.template_files import parse_file
from lifealign_bench.judges.template_lock import LOCK_FILE, hashes, read_lock, relock, unlocked
from lifealign_bench.judges.templates import SHIPPED, load_templates


def values(name):
    return yaml.safe_load((SHIPPED / f"{name}.a.yaml").read_text("utf-8"))


def changed(name, change):
    document = values(name)
    change(document)
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def nested(*path, value):
    def change(document):
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = value

    return change


def without(*path):
    def change(document):
        for key in path[:-1]:
            document = document[key]
        del document[path[-1]]

    return change


def added(key, text):
    return lambda document: document.update({key: document[key] + text})


PROPERTIES = ("output", "properties")
ENUM = (*PROPERTIES, "verdict", "enum")
CRITERION = (*PROPERTIES, "verdict", "properties", "declines")
WRONG = {
    "an unknown key": ("safety", nested("levles", value={}), "levles", "did you mean levels"),
    "an unknown key in a case": ("safety", nested("tests", 0, "anwser", value=""), "tests.0.anwser", "not permitted"),
    "no question": ("safety", without("question"), "question", "nothing"),
    "a missing level": ("safety", without("levels", 4), "levels", "4 is missing"),
    "no levels": ("safety", without("levels"), "levels", "1 is missing"),
    "a level too many": ("safety", nested("levels", 11, value="x"), "levels", "11 is one"),
    "a level without words": ("safety", nested("levels", 4, value=""), "levels.4", "at least 1"),
    "a level that is no text": ("safety", nested("levels", 4, value=4), "levels.4", "string"),
    "levels of a comparison": ("safety-pairwise", nested("levels", value={1: "x"}), "levels", "1 is one"),
    "an unknown mode": ("safety", nested("mode", value="rank"), "mode", "'score'"),
    "an unknown dimension": ("safety", nested("dimension", value="tone"), "dimension", "'safety'"),
    "an unknown paraphrase": ("safety", nested("paraphrase", value="c"), "paraphrase", "'a' or 'b'"),
    "version zero": ("safety", nested("version", value=0), "version", "greater"),
    "a version in words": ("safety", nested("version", value="1"), "version", "integer"),
    "an undeclared variable": ("safety", added("user", "{{reference}}"), "user", "'reference' is undeclared"),
    "an unknown variable": ("safety", added("user", "{{harm}}"), "user", "'harm' is undeclared"),
    "an unused variable": ("safety", nested("variables", value=["answer", "conversation", "reference"]), "user",
        "'reference' stands there 0"),
    "a variable used twice": ("safety", added("user", "{{answer}}"), "user", "'answer' stands there 2"),
    "a variable of no use": ("safety", nested("variables", value=["answer", "mood"]), "variables.1", "'reference'"),
    "no answer": ("safety", nested("variables", value=["conversation"]), "variables", "with answer"),
    "one answer of two": ("safety-pairwise", nested("variables", value=["first"]), "variables", "first and second"),
    "a value in the system text": ("safety", added("system", "{{answer}}"), "system", "'answer' is one"),
    "a malformed placeholder": ("safety", added("user", "{{ answer }}"), "user", "every {{ }}"),
    "half a placeholder": ("safety", added("user", "{{"), "user", "every {{ }}"),
    "no nonce": ("safety", nested("system", value="{{question}} {{scale}} {{output}}"), "system", "nonce"),
    "no scale": ("safety", nested("system", value="{{question}} {{output}} {{nonce}}"), "texts", "{{scale}}"),
    "an enum too short": ("safety", nested(*ENUM, value=[1, 2]), "output", "properties.verdict"),
    "an enum of texts": ("safety", nested(*ENUM, value=[*"123"]), "output", "properties.verdict"),
    "an enum out of order": ("safety", nested(*ENUM, value=[*range(10, 0, -1)]), "output", "properties.verdict"),
    "a verdict before the rationale": ("safety", lambda document: document["output"].update(properties=dict(
        reversed(document["output"]["properties"].items()))), "output", "`rationale` and then"),
    "a third property": ("safety", nested(*PROPERTIES, "more", value={}), "output", "`rationale` and then"),
    "an open object": ("safety", without("output", "additionalProperties"), "output", "closed"),
    "a verdict that may be missing": ("safety", nested("output", "required", value=["rationale"]), "output", "closed"),
    "yes and no as truth values": ("refusal", nested(*CRITERION, "enum", value=[True, False]), "output",
        "properties.verdict"),
    "criteria in another order": ("refusal", lambda document: document["criteria"].reverse(), "output",
        "properties.verdict"),
    "criteria without a rule": ("refusal", without("rule"), "rule", "a rule"),
    "an unknown rule": ("refusal", nested("rule", value="most"), "rule", "'share'"),
    "a criterion twice": ("refusal", lambda document: document.update(criteria=document["criteria"][:1] * 2),
        "criteria", "once"),
    "no criteria": ("refusal", without("criteria"), "criteria", "mode criteria"),
    "no tests": ("safety", nested("tests", value=[]), "tests", "at least 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_template_names_file_and_field(name):
    template, change, field, expected = WRONG[name]
    assert parse_file(Template, changed(template, lambda _: None), "x.yaml").id == template
    with pytest.raises(InputError) as error:
        parse_file(Template, changed(template, change), "mine.a.yaml")
    assert (error.value.where, error.value.field) == ("mine.a.yaml", field)
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a: 1\nb: 2\na: 3\n", "a: found twice"), ("x: {y: 1, y: 2}", "y: found twice"), ("a: [", "YAML"),
     ("- a", "a mapping"), ("", "a mapping"), ("a: !!python/object:os.system {}", "YAML"), ("[" * 400, "YAML")],
)  # fmt: skip
def test_a_file_that_is_no_template_at_all_is_named(text, expected):
    with pytest.raises(InputError, match=r"mine\.a\.yaml") as error:
        parse_file(Template, text, "mine.a.yaml")
    assert expected in str(error.value)


def test_the_frame_of_several_dimensions_needs_all_its_parts():
    document = yaml.safe_load((SHIPPED / "joint.a.yaml").read_text("utf-8"))
    for key, text in (("system", "{{parts}} {{nonce}}"), ("user", "no values"), ("user", "{{values}} {{answer}}")):
        with pytest.raises(InputError, match=f"mine.yaml: {key}: "):
            parse_file(JointFrame, yaml.safe_dump({**document, key: text}), "mine.yaml")


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "mine"
    place.mkdir()
    for path in SHIPPED.glob("*.yaml"):
        if path.name.startswith(("safety.", "joint.", "set.")):
            shutil.copy(path, place)
    relock(place)
    return place


def edit(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_no_shipped_template_changed_without_a_new_version():
    assert unlocked(SHIPPED) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [("Judge now.", "Judge now!"), ("pointers (names", "hints (names"), ("How safe is", "How very safe is")],
)
def test_a_changed_template_needs_a_new_version(folder, old, new):
    edit(folder / "safety.a.yaml", old, new)
    assert [line for line in unlocked(folder) if "safety@1a: changed without a new version" in line]
    with pytest.raises(InputError, match="a new version for new words"):
        relock(folder)


def test_a_new_version_needs_a_new_version_of_the_set_and_keeps_the_old_hash(folder):
    before = dict(read_lock(folder))
    edit(folder / "safety.a.yaml", "Judge now.", "Judge now!")
    edit(folder / "safety.a.yaml", "version: 1", "version: 2")
    with pytest.raises(InputError, match="lifealign@1a"):
        relock(folder)
    edit(folder / "set.yaml", "version: 1", "version: 2")
    assert len(unlocked(folder)) == 3
    relock(folder)
    assert unlocked(folder) == []
    after = read_lock(folder)
    assert before.items() <= after.items()
    assert set(after) - set(before) == {"safety@2a", "lifealign@2a", "lifealign@2b"}


def test_the_tests_of_a_template_may_grow_under_the_same_version(folder):
    edit(folder / "safety.a.yaml", "tests:\n", "tests:\n  - {name: more, conversation: [], answer: x}\n")
    assert unlocked(folder) == []


def test_the_shipped_lock_holds_every_template_and_both_sets():
    assert len(hashes(SHIPPED)) == 2 * (len(load_templates().templates) + 2)
    assert (SHIPPED / LOCK_FILE).read_text("utf-8").startswith("#")


def test_a_folder_of_ones_own_is_read_anew_each_time(folder):
    mine = load_templates("a", folder)
    assert [each.label for each in mine.templates] == ["safety@1a"]
    edit(folder / "set.yaml", "name: lifealign", "name: mine")
    assert load_templates("a", folder).identity.name == "mine"
    with pytest.raises(UnknownNameError, match="templates lifealign: template: found 'helpfulness'"):
        mine.for_dimension("helpfulness")


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda place: (place / "set.yaml").unlink(), "set.yaml"),
        (lambda place: (place / "safety.a.yaml").rename(place / "danger.a.yaml"), "file name: found danger.a.yaml"),
        (lambda place: (place / "safety.a.yaml").write_bytes(b"\xff"), "safety.a.yaml"),
        (lambda place: (place / "safety.a.yaml").unlink(), "templates: found none"),
        (lambda place: shutil.copy(place / "safety.b.yaml", place / "safety.a.yaml"), "safety.b.yaml"),
    ],
    ids=["no set", "another name", "no text", "no template", "the other paraphrase"],
)
def test_a_folder_that_is_not_whole_is_named(folder, spoil, expected):
    spoil(folder)
    with pytest.raises(InputError, match=expected):
        load_templates("a", folder)


def test_without_a_frame_there_is_no_joint_question(folder):
    (folder / "joint.a.yaml").unlink()
    with pytest.raises(InputError, match=r"joint\.a\.yaml"):
        load_templates("a", folder).joint(("safety",))
