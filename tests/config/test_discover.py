"""What is chosen in a folder without a bench file."""

from __future__ import annotations

import ast
import json
import os
import re
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerbench.config.discover import Discovery, discover, find_dockerfiles, to_bench_file, to_toml, variant_names
from layerbench.config.file import load_bench_file
from layerbench.config.languages import LANGUAGES, MANIFESTS
from layerbench.config.models import COLD, WARM, Append, Replace, Scenario, SmokeHttp, Touch, Variant
from layerbench.errors import UsageError
from layerbench.workspace.checking import check_edits

COPY_ALL = "FROM a\nCOPY . .\n"


def make(folder: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def scenario(discovery: Discovery, name: str) -> Scenario | None:
    return next((one for one in discovery.scenarios if one.name == name), None)


def edited_path(discovery: Discovery, name: str) -> str | None:
    found = scenario(discovery, name)
    if found is None:
        return None
    edit = found.edits[0]
    assert isinstance(edit, Append | Replace | Touch)
    return edit.path


def edited_text(folder: Path, discovery: Discovery, name: str) -> str:
    """The file after the edit, as the workspace does it (which is asked whether it would, too)."""
    found = scenario(discovery, name)
    assert found is not None
    check_edits(folder, found.edits)
    edit = found.edits[0]
    assert isinstance(edit, Append | Replace)
    text = (folder / edit.path).read_text()
    if isinstance(edit, Append):
        return text + edit.text.replace("{nonce}", "0f3a")
    return re.sub(edit.pattern, edit.replacement.replace("{nonce}", "0f3a"), text, flags=re.MULTILINE)


class TestDockerfiles:
    def test_all_usual_names_are_found_in_order(self, tmp_path: Path) -> None:
        names = [
            "Dockerfile", "Containerfile", "Dockerfile.dev", "a.Dockerfile", "b.dockerfile", "Dockerfile-ci",
            "a-b.Dockerfile", "docker/Dockerfile", "docker/x.Containerfile",
        ]  # fmt: skip
        others = [
            ".Dockerfile", "Dockerfile.dockerignore", "a.Dockerfile.dockerignore", "Dockerfile~", "Dockerfile.bak",
            "Dockerfile.j2", "Dockerfile.md", "MyDockerfile", "dockerfiles.py", "sub/Dockerfile", "vendor/Dockerfile",
            ".github/Dockerfile",
        ]  # fmt: skip
        make(tmp_path, dict.fromkeys([*names, *others], COPY_ALL))
        (tmp_path / "Dockerfile.d").mkdir()
        (tmp_path / "Dockerfile.gone").symlink_to("nowhere")
        found = [str(path.relative_to(tmp_path)) for path in find_dockerfiles(tmp_path)]
        assert found == [
            "Dockerfile", "a.Dockerfile", "a-b.Dockerfile", "b.dockerfile", "Dockerfile-ci", "Containerfile",
            "Dockerfile.dev", "docker/Dockerfile", "docker/x.Containerfile",
        ]  # fmt: skip

    def test_a_folder_that_cannot_be_listed_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(_folder: Path) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "iterdir", refuse)
        with pytest.raises(UsageError, match=r"cannot be looked into for Dockerfiles \(Permission denied\); name"):
            find_dockerfiles(tmp_path)

    def test_a_link_to_a_dockerfile_is_not_another_one(self, tmp_path: Path) -> None:
        make(tmp_path, {"docker/Dockerfile.prod": COPY_ALL})
        (tmp_path / "Dockerfile").symlink_to("docker/Dockerfile.prod")
        assert find_dockerfiles(tmp_path) == [tmp_path / "Dockerfile"]

    @pytest.mark.parametrize(
        ("paths", "names"),
        [
            (["a.Dockerfile", "Dockerfile.dev", "Dockerfile", "Containerfile.x"], ["a", "dev", "default", "x"]),
            (["web/Dockerfile", "api/Dockerfile"], ["web", "api"]),
            (["Dockerfile", "Containerfile"], ["default", "Containerfile"]),
            (["dev.Dockerfile", "Dockerfile.dev"], ["dev", "Dockerfile.dev"]),
            (["Dockerfile.dev", "docker/Dockerfile.dev"], ["dev", "docker-dev"]),
            (["x/Dockerfile", "y/x/Dockerfile", "z/x/Dockerfile"], ["x", "x-x", "Dockerfile"]),
            (["x/y/a", "z/y/a", "w/y/a", "v/y/a"], ["a", "y-a", "a-2", "a-3"]),
            (["my app.Dockerfile", "größe.Dockerfile", 'q".Dockerfile'], ["my app", "größe", 'q"']),
            (["a\nb.Dockerfile", "recipe"], ["a_b", "recipe"]),
        ],
    )
    def test_variants_are_named_after_their_files_no_two_alike(
        self, tmp_path: Path, paths: list[str], names: list[str]
    ) -> None:
        assert variant_names([tmp_path / path for path in paths], tmp_path) == names

    @given(st.lists(st.text("abD./-", min_size=1, max_size=6), min_size=1, max_size=6))
    def test_names_are_distinct_and_there_is_one_for_each(self, texts: list[str]) -> None:
        paths = [Path("/context") / f"{text}x" for text in texts]
        names = variant_names(paths, Path("/context"))
        assert len(set(names)) == len(paths)
        assert all(name.strip() for name in names)

    def test_a_broken_one_is_left_out_and_that_is_said(self, tmp_path: Path) -> None:
        make(tmp_path, {"Dockerfile": COPY_ALL, "Dockerfile.bad": "RUN x\n"})
        found = discover(tmp_path, None)
        assert [variant.name for variant in found.variants] == ["default"]
        assert found.notes[0] == f"left out: {tmp_path}/Dockerfile.bad: the Dockerfile has no FROM"

    def test_none_at_all_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError) as caught:
            discover(tmp_path, None)
        assert str(caught.value) == (
            f'nothing to build in "{tmp_path}" (there is no Dockerfile, *.Dockerfile, Dockerfile.* or Containerfile); '
            "name the files with `layerbench run -f FILE`, or another folder"
        )

    def test_only_broken_ones_are_refused_with_the_reason(self, tmp_path: Path) -> None:
        make(tmp_path, {"Dockerfile": "RUN x\n"})
        with pytest.raises(UsageError, match=r"nothing to build in .*Dockerfile has no FROM"):
            discover(tmp_path, None)


class TestGivenDockerfiles:
    def test_they_are_the_variants_in_their_order(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        make(tmp_path, {"b.Dockerfile": COPY_ALL, "a.Dockerfile": COPY_ALL, "c.Dockerfile": COPY_ALL, "ctx/app.py": ""})
        monkeypatch.chdir(tmp_path)
        found = discover(Path("ctx"), [Path("b.Dockerfile"), Path("a.Dockerfile")])
        context = tmp_path.resolve() / "ctx"
        assert found.variants == (
            Variant("b", tmp_path.resolve() / "b.Dockerfile", context),
            Variant("a", tmp_path.resolve() / "a.Dockerfile", context),
        )
        assert edited_path(found, "edit-source") == "app.py"
        assert to_bench_file(found).folder == context

    def test_a_missing_one_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r'no such Dockerfile: ".*/nope"'):
            discover(tmp_path, [tmp_path / "nope"])

    def test_one_named_twice_is_refused(self, tmp_path: Path) -> None:
        make(tmp_path, {"Dockerfile": COPY_ALL})
        twice = [tmp_path / "Dockerfile", tmp_path / "x" / ".." / "Dockerfile"]
        (tmp_path / "x").mkdir()
        with pytest.raises(UsageError, match="is named twice; name each Dockerfile once"):
            discover(tmp_path, twice)

    def test_a_broken_one_is_refused(self, tmp_path: Path) -> None:
        make(tmp_path, {"Dockerfile": "RUN x\n"})
        with pytest.raises(UsageError, match="/Dockerfile: the Dockerfile has no FROM"):
            discover(tmp_path, [tmp_path / "Dockerfile"])

    def test_none_and_no_folder_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="no Dockerfile is named"):
            discover(tmp_path, [])
        with pytest.raises(UsageError, match="no such folder"):
            discover(tmp_path / "nope", None)


SOURCES = {
    "named by CMD": (["app.py", "main.py"], 'CMD ["python", "main.py"]', "main.py"),
    "named by CMD with its place": (["app/main.py", "app.py"], "CMD python /srv/app/main.py", "app/main.py"),
    "named by CMD, copied to another place": (["src/serve.py", "src/app.py"], "CMD python serve.py", "src/serve.py"),
    "a module": (["pkg/__main__.py", "app.py"], 'CMD ["python", "-m", "pkg"]', "pkg/__main__.py"),
    "an ASGI application": (["app.py", "web.py"], 'CMD ["uvicorn", "web:app", "--port", "8"]', "web.py"),
    "a WSGI application": (["app.py", "shop/wsgi.py"], "CMD gunicorn shop.wsgi:application", "shop/wsgi.py"),
    "named by ENTRYPOINT": (["server.js", "cli.js", "package.json"], 'ENTRYPOINT ["node", "./cli.js"]', "cli.js"),
    "what it is compiled from": (
        ["src/other.ts", "src/start.ts", "package.json"],
        'CMD ["node", "dist/start.js"]',
        "src/start.ts",
    ),
    "the program rather than its shell wrapper": (
        ["entrypoint.sh", "run.py"],
        'ENTRYPOINT ["./entrypoint.sh"]\nCMD ["python", "run.py"]',
        "run.py",
    ),
    "a shell script alone": (["entrypoint.sh", "index.html"], "ENTRYPOINT ./entrypoint.sh", "entrypoint.sh"),
    "unbalanced quotes in CMD": (["app.py"], "CMD echo it's; python app.py", "app.py"),
    "Python by name": (["aaa.py", "main.py", "tests/app.py"], "", "main.py"),
    "Python, none by name": (["zzz.py", "aaa.py", "test_a.py", "conftest.py", "setup.py"], "", "aaa.py"),
    "TypeScript": (["src/index.ts", "src/a.ts", "jest.config.js", "package.json", "src/x.d.ts"], "", "src/index.ts"),
    "JavaScript": (["lib/a.js", "server.js", "package.json", "public/app.min.js"], "", "server.js"),
    "Go at the top": (["main.go", "cmd/x/main.go", "go.mod", "a_test.go"], "", "main.go"),
    "Go in cmd": (["cmd/server/main.go", "internal/a.go", "go.mod"], "", "cmd/server/main.go"),
    "Rust": (["src/main.rs", "src/lib.rs", "build.rs", "Cargo.toml"], "", "src/main.rs"),
    "Java": (["src/main/java/x/DemoApplication.java", "src/main/java/x/A.java", "pom.xml"], "",
             "src/main/java/x/DemoApplication.java"),
    "Kotlin": (["src/main/kotlin/App.kt", "build.gradle.kts"], "", "src/main/kotlin/App.kt"),
    "C#": (["Program.cs", "Api.cs", "x.csproj"], "", "Program.cs"),
    "Ruby": (["config.ru", "app.rb", "Gemfile"], "", "app.rb"),
    "PHP": (["public/index.php", "src/A.php", "composer.json"], "", "public/index.php"),
    "C": (["main.c", "a.c", "a.h", "Makefile"], "", "main.c"),
    "a static site": (["index.html", "style.css", "about.html"], "", "index.html"),
    "the language of the manifest": (["app.py", "src/index.ts", "package.json"], "", "src/index.ts"),
    "nothing": (["README.md", "data.bin", "Makefile"], "", None),
}  # fmt: skip


class TestSource:
    @pytest.mark.parametrize(("files", "command", "expected"), SOURCES.values(), ids=SOURCES.keys())
    def test_the_main_file_is_chosen(
        self, tmp_path: Path, files: list[str], command: str, expected: str | None
    ) -> None:
        make(tmp_path, {"Dockerfile": f"{COPY_ALL}{command}\n", **dict.fromkeys(files, "\n")})
        assert edited_path(discover(tmp_path, None), "edit-source") == expected

    def test_only_files_that_are_copied_are_chosen(self, tmp_path: Path) -> None:
        make(tmp_path, {"Dockerfile": "FROM a\nCOPY src/ .\nCMD python app.py\n", "app.py": "", "src/x.py": ""})
        assert edited_path(discover(tmp_path, None), "edit-source") == "src/x.py"

    def test_ignored_files_are_not_chosen(self, tmp_path: Path) -> None:
        make(tmp_path, {"Dockerfile": COPY_ALL, "app.py": "", "x.py": "", ".dockerignore": "app.py\n"})
        assert edited_path(discover(tmp_path, None), "edit-source") == "x.py"

    def test_a_file_that_all_variants_copy_comes_first_and_others_are_named(self, tmp_path: Path) -> None:
        make(
            tmp_path,
            {
                "a.Dockerfile": COPY_ALL,
                "b.Dockerfile": "FROM a\nCOPY worker.py .\n",
                "c.Dockerfile": "FROM a\n",
                "app.py": "",
                "worker.py": "",
            },
        )
        found = discover(tmp_path, None)
        assert edited_path(found, "edit-source") == "worker.py"
        assert found.notes[:2] == (
            "variants: a (a.Dockerfile), b (b.Dockerfile), c (c.Dockerfile)",
            "edit-source: a comment line at the end of worker.py (the first Python file that is copied; "
            "not copied by c)",
        )

    def test_without_one_the_scenario_is_left_out_and_that_is_said(self, tmp_path: Path) -> None:
        make(tmp_path, {"Dockerfile": "FROM a\n", "app.py": "", "requirements.txt": ""})
        found = discover(tmp_path, None)
        assert found.scenarios == (COLD, WARM)
        assert found.notes[1:] == (
            "no scenario edit-source: no source file that the Dockerfiles copy was recognised",
            "no scenario edit-deps: no dependency manifest that the Dockerfiles copy was recognised",
            "no scenario touch: there is no file for it",
        )

    def test_touch_takes_the_manifest_when_there_is_no_source(self, tmp_path: Path) -> None:
        make(tmp_path, {"Dockerfile": "FROM a\nCOPY go.mod .\n", "go.mod": ""})
        assert edited_path(discover(tmp_path, None), "touch") == "go.mod"

    def test_compiled_languages_get_a_word_of_caution(self, tmp_path: Path) -> None:
        make(tmp_path, {"Dockerfile": COPY_ALL, "main.go": ""})
        found = scenario(discover(tmp_path, None), "edit-source")
        assert found is not None
        assert found.description == (
            "a comment line at the end of main.go; a stage that copies only what is compiled from it may still hit"
        )

    def test_the_comment_stands_on_a_line_of_its_own(self, tmp_path: Path) -> None:
        make(tmp_path, {"Dockerfile": COPY_ALL, "app.py": "print('no line end')"})
        text = edited_text(tmp_path, discover(tmp_path, None), "edit-source")
        assert text == "print('no line end')\n# layerbench 0f3a\n"
        assert len(ast.parse(text).body) == 1

    @pytest.mark.parametrize(
        ("text", "added"),
        [
            ("<?php echo 1;\n", "\n// layerbench 0f3a\n"),
            ("<?php echo 1; ?>\n<p>\n", "\n<?php /* layerbench 0f3a */ ?>\n"),
            ("<p><?= $x ?></p><?php echo 1;", "\n// layerbench 0f3a\n"),
            ("<p>", "\n<?php /* layerbench 0f3a */ ?>\n"),
        ],
    )
    def test_php_gets_a_comment_for_the_mode_that_it_ends_in(self, tmp_path: Path, text: str, added: str) -> None:
        make(tmp_path, {"Dockerfile": COPY_ALL, "index.php": text})
        assert edited_text(tmp_path, discover(tmp_path, None), "edit-source") == text + added

    @pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)
    def test_every_language_has_a_comment_with_a_nonce(self, tmp_path: Path, language: object) -> None:
        suffixes = getattr(language, "suffixes", ())
        make(tmp_path, {"Dockerfile": COPY_ALL, f"x{suffixes[0]}": "<?php\n"})
        found = discover(tmp_path, None)
        assert edited_text(tmp_path, found, "edit-source").count("0f3a") == 1


class TestManifest:
    @pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: manifest.pattern)
    def test_every_kind_is_found_and_its_text_changes(self, tmp_path: Path, manifest: object) -> None:
        name = getattr(manifest, "pattern", "").replace("*", "x")
        make(tmp_path, {"Dockerfile": COPY_ALL, name: '{"name": "x"}'})
        found = discover(tmp_path, None)
        assert edited_path(found, "edit-deps") == name
        assert "0f3a" in edited_text(tmp_path, found, "edit-deps")

    def test_the_one_that_a_copy_names_comes_first(self, tmp_path: Path) -> None:
        make(
            tmp_path,
            {
                "a.Dockerfile": COPY_ALL,
                "b.Dockerfile": "FROM a\nCOPY package*.json ./\nRUN x\nCOPY . .\n",
                "requirements.txt": "",
                "package.json": '{"name": "x"}',
            },
        )
        assert edited_path(discover(tmp_path, None), "edit-deps") == "package.json"

    def test_a_bind_mount_names_it_as_well(self, tmp_path: Path) -> None:
        mount = "FROM a\nRUN --mount=type=bind,source=pyproject.toml,target=/p x\nCOPY . .\n"
        make(tmp_path, {"Dockerfile": mount, "requirements.txt": "", "pyproject.toml": ""})
        assert edited_path(discover(tmp_path, None), "edit-deps") == "pyproject.toml"

    def test_that_of_the_program_comes_before_that_of_its_documents(self, tmp_path: Path) -> None:
        make(tmp_path, {"Dockerfile": COPY_ALL, "docs/requirements.txt": "", "app/requirements.txt": ""})
        assert edited_path(discover(tmp_path, None), "edit-deps") == "app/requirements.txt"

    def test_the_description_says_that_only_the_text_changes(self, tmp_path: Path) -> None:
        make(tmp_path, {"Dockerfile": COPY_ALL, "requirements.txt": "flask==3.0.0"})
        found = discover(tmp_path, None)
        edit_deps = scenario(found, "edit-deps")
        assert edit_deps is not None
        assert edit_deps.description == (
            "a comment line at the end of requirements.txt: its text changes, the dependencies do not"
        )
        assert edited_text(tmp_path, found, "edit-deps") == "flask==3.0.0\n# layerbench 0f3a\n"

    @pytest.mark.parametrize("name", ["pyproject.toml", "Cargo.toml", "Pipfile"])
    def test_toml_says_the_same_as_before(self, tmp_path: Path, name: str) -> None:
        text = '[project]\nname = "x"\ndependencies = [\n  "a",\n]'
        make(tmp_path, {"Dockerfile": COPY_ALL, name: text})
        assert tomllib.loads(edited_text(tmp_path, discover(tmp_path, None), "edit-deps")) == tomllib.loads(text)

    def test_xml_says_the_same_as_before(self, tmp_path: Path) -> None:
        text = '<?xml version="1.0"?>\n<project><a>1</a></project>'
        make(tmp_path, {"Dockerfile": COPY_ALL, "pom.xml": text})
        after = edited_text(tmp_path, discover(tmp_path, None), "edit-deps")
        assert ET.tostring(ET.fromstring(after)) == ET.tostring(ET.fromstring(text))

    @pytest.mark.parametrize(
        "text",
        [
            '{\n  "name": "x",\n  "description": "a \\"b\\"",\n  "dependencies": {"a": "1"}\n}\n',
            '{\n\t"scripts": {\n\t\t"description": "inner"\n\t},\n\t"description": ""\n}\n',
            '{\n  "a": {\n    "description": "inner"\n  },\n  "b": 1\n}',
            '{"name":"x","version":"1.0.0"}',
            '{"name":"x","description":"y"}',
            '\n\n{ "description" : "y" }',
            '{"a": {"description": "inner"}, "b": 2}',
        ],
    )
    @pytest.mark.parametrize("name", ["package.json", "composer.json"])
    def test_json_stays_valid_and_only_the_description_changes(self, tmp_path: Path, name: str, text: str) -> None:
        make(tmp_path, {"Dockerfile": COPY_ALL, name: text})
        found = discover(tmp_path, None)
        before, after = json.loads(text), json.loads(edited_text(tmp_path, found, "edit-deps"))
        assert "0f3a" in after.pop("description")
        before.pop("description", None)
        assert after == before
        assert any(f"another description in {name}: its text changes" in note for note in found.notes)

    @pytest.mark.parametrize("text", ["", "{}", "[]", "{broken", '{"description": 3}'])
    def test_json_that_is_not_understood_is_left_alone(self, tmp_path: Path, text: str) -> None:
        make(tmp_path, {"Dockerfile": COPY_ALL, "package.json": text, "index.js": ""})
        found = discover(tmp_path, None)
        assert scenario(found, "edit-deps") is None
        assert "no scenario edit-deps: package.json was not understood" in found.notes


class TestSmoke:
    @pytest.mark.parametrize(
        ("dockerfile", "expected"),
        [
            ("FROM a\nEXPOSE 8000\n", SmokeHttp(8000, "/")),
            ("FROM a\nEXPOSE 53/udp 8080/tcp\n", SmokeHttp(8080, "/")),
            ("FROM a\nARG PORT=81\nENV P=$PORT\nEXPOSE ${P}\n", SmokeHttp(81, "/")),
            ("FROM a\nEXPOSE 80\nHEALTHCHECK CMD curl -f http://localhost:8080/health || exit 1\n",
             SmokeHttp(80, "/health")),
            ("FROM a\nHEALTHCHECK CMD [\"wget\", \"http://127.0.0.1:3000/\"]\n", SmokeHttp(3000, "/")),
            ("FROM a\nENV PORT=99\nHEALTHCHECK CMD curl http://localhost:${PORT}/x?y=1\n", SmokeHttp(99, "/x?y=1")),
            ('FROM a\nCMD ["uvicorn", "a:b", "--port", "8123"]\n', SmokeHttp(8123, "/")),
            ("FROM a\nCMD gunicorn -b 0.0.0.0:9000 x\n", SmokeHttp(9000, "/")),
            ("FROM a AS b\nEXPOSE 80\nFROM c\nCMD x\n", None),
            ("FROM a AS b\nEXPOSE 80\nFROM b\n", SmokeHttp(80, "/")),
            ("FROM a\nEXPOSE ${UNSET}\nCMD app --version\n", None),
            ("FROM a\nEXPOSE 99999\n", None),
        ],
    )  # fmt: skip
    def test_port_and_path_are_guessed(self, tmp_path: Path, dockerfile: str, expected: SmokeHttp | None) -> None:
        make(tmp_path, {"Dockerfile": dockerfile})
        assert discover(tmp_path, None).smoke == expected

    def test_the_guess_is_written_but_switched_off(self, tmp_path: Path) -> None:
        make(tmp_path, {"Dockerfile": "FROM a\nEXPOSE 8000\nHEALTHCHECK CMD curl http://localhost:8000/up\n"})
        text = to_toml(discover(tmp_path, None))
        assert '# This is a guess from the Dockerfiles:\n#[smoke]\n#port = 8000\n#path = "/up"\n' in text
        assert "smoke" not in tomllib.loads(text)


AWKWARD = {
    "my app.Dockerfile": "FROM a\nCOPY . .\n",
    "größe.Dockerfile": "FROM a\nCOPY . .\n",
    'it\'s "q" \\b.Dockerfile': "FROM a\nCOPY . .\n",
    "docker/Dockerfile": "FROM a\nCOPY . .\n",
    "sub folder/ünï \"x\" 'y' \\z.py": "",
    "package.json": '{\n\t"description": "x"\n}',
}


class TestBenchFile:
    @pytest.mark.parametrize("files", [{"Dockerfile": COPY_ALL, "app.py": "", "requirements.txt": ""}, AWKWARD])
    def test_what_is_written_is_read_as_the_same(self, tmp_path: Path, files: dict[str, str]) -> None:
        folder = make(tmp_path / "my „shop“ #1", files)
        found = discover(folder, None)
        assert len(found.scenarios) == 5
        (folder / "layerbench.toml").write_text(to_toml(found))
        assert load_bench_file(folder / "layerbench.toml", {}) == to_bench_file(found)

    def test_in_another_folder_paths_lead_back(self, tmp_path: Path) -> None:
        context = make(tmp_path / "services" / "web", {"Dockerfile": COPY_ALL, "app.py": ""})
        bench = tmp_path / "bench"
        bench.mkdir()
        found = discover(context, None)
        text = to_toml(found, bench)
        (bench / "layerbench.toml").write_text(text)
        assert load_bench_file(bench / "layerbench.toml", {}) == to_bench_file(found, bench)
        assert 'context = "../services/web"' in text
        assert str(tmp_path) not in text

    def test_every_option_that_it_explains_exists(self, tmp_path: Path) -> None:
        folder = make(
            tmp_path,
            {
                "Dockerfile": COPY_ALL, "example.Dockerfile": COPY_ALL, "app.py": "", "requirements.txt": "flask",
                ".netrc": "", "change.diff": "",
            },
        )  # fmt: skip
        text = to_toml(discover(folder, None)).replace("[variants.example]\n", "[variants.found]\n", 1)
        switched_on = re.sub(r"^#(?=\S)", "", text, flags=re.MULTILINE)
        switched_on = re.sub(r"^#(?=  \{)", "", switched_on, flags=re.MULTILINE)
        (folder / "layerbench.toml").write_text(switched_on)
        bench = load_bench_file(folder / "layerbench.toml", {})
        example = next(variant for variant in bench.variants if variant.name == "example")
        everything = next(one for one in bench.scenarios if one.name == "example")
        empty = Variant("example", example.dockerfile, example.context)
        same = {field for field in Variant.__slots__ if getattr(example, field) == getattr(empty, field)}
        assert same == {"name", "dockerfile", "context"}
        assert len({type(edit) for edit in everything.edits}) == len(everything.edits) == 9
        assert bench.variants[0].smoke == SmokeHttp(8000, "/health", 30.0)
        assert bench.bases
        assert bench.index.requirements

    def test_lines_fit_a_page(self, tmp_path: Path) -> None:
        make(tmp_path, {"Dockerfile": COPY_ALL, "app.py": "", "package.json": '{"a": 1}'})
        assert max(map(len, to_toml(discover(tmp_path, None)).splitlines())) <= 120

    def test_a_folder_without_a_printable_name_gets_one(self, tmp_path: Path) -> None:
        folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
        make(folder, {"Dockerfile": COPY_ALL})
        assert to_bench_file(discover(folder, None)).name == "_"

    def test_a_path_with_control_characters_is_escaped(self, tmp_path: Path) -> None:
        context = make(tmp_path / "a\x7f\n\tb", {"Dockerfile": COPY_ALL})
        found = discover(context, None)
        (tmp_path / "layerbench.toml").write_text(to_toml(found, tmp_path))
        assert load_bench_file(tmp_path / "layerbench.toml", {}) == to_bench_file(found, tmp_path)

    def test_a_path_that_toml_cannot_hold_is_refused(self, tmp_path: Path) -> None:
        context = make(Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff")), {"Dockerfile": COPY_ALL})
        with pytest.raises(UsageError) as caught:
            to_toml(discover(context, None), tmp_path)
        assert str(caught.value) == (
            '"?/Dockerfile" is not UTF-8 and cannot stand in a bench file; '
            "write the bench file into the folder that is built from"
        )

    def test_nothing_is_written_while_looking(self, tmp_path: Path) -> None:
        make(tmp_path, AWKWARD)
        before = sorted((path, path.lstat().st_mtime_ns) for path in tmp_path.rglob("*"))
        to_toml(discover(tmp_path, None))
        assert sorted((path, path.lstat().st_mtime_ns) for path in tmp_path.rglob("*")) == before
