//! A window that is drawn into memory: keys in, elements by role and label out. Alone names the toolkit's own tests.

use i_slint_backend_testing::{ElementHandle, ElementRoot, TestingBackend, TestingBackendOptions};
use i_slint_core::accessibility::AccessibleStringProperty;
use i_slint_core::item_tree::{ItemRc, ParentItemTraversalMode};
use i_slint_core::items::{AccessibleRole, ComplexText, Orientation, PointerEventButton, TextOverflow};
use i_slint_core::window::WindowInner;
use patchcord::config::Settings;
use patchcord::text::Language;
use patchcord::window::stage;
use slint::platform::{Key, WindowEvent};
use slint::{ComponentHandle, PhysicalSize, Rgba8Pixel, SharedPixelBuffer, SharedString};
use std::cell::Cell;
use std::ops::{ControlFlow, Deref};

pub use i_slint_core::items::AccessibleRole as Role;

/// What stands in the window, as a screen reader knows it, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Element {
    pub role: Role,
    pub label: String,
    pub description: String,
    pub value: String,
    pub enabled: bool,
    pub checked: bool,
    pub selected: bool,
    /// `CallColumn::dial`; empty where it has none.
    pub id: String,
    /// Left, top, width, height; logical pixels in the window.
    pub place: [f32; 4],
}

impl Element {
    pub fn is_inside(&self, outer: &Self) -> bool {
        let ([x, y, w, h], [ox, oy, ow, oh]) = (self.place, outer.place);
        x >= ox - 1.0 && y >= oy - 1.0 && x + w <= ox + ow + 1.0 && y + h <= oy + oh + 1.0
    }

    pub fn overlaps(&self, other: &Self) -> bool {
        let ([x, y, w, h], [ox, oy, ow, oh]) = (self.place, other.place);
        x + w > ox + 1.0 && ox + ow > x + 1.0 && y + h > oy + 1.0 && oy + oh > y + 1.0
    }
}

pub struct Window {
    stage: stage::Stage,
}

impl Deref for Window {
    type Target = stage::Stage;

    fn deref(&self) -> &stage::Stage {
        &self.stage
    }
}

/// Each thread has a backend of its own; the first window in it brings it.
fn bring_backend() {
    thread_local! {
        static IS_THERE: Cell<bool> = const { Cell::new(false) };
    }
    if !IS_THERE.replace(true) {
        // Draws in software, so that texts are as wide as they will be.
        let options = TestingBackendOptions {
            mock_time: true,
            threading: false,
            renderer_name: Some("software".into()),
        };
        slint::platform::set_platform(Box::new(TestingBackend::new(options))).unwrap();
    }
}

impl Window {
    /// 1280 x 760, the size that the sheet is drawn for.
    pub fn new(settings: Settings, language: Language, start: jiff::Zoned) -> Self {
        bring_backend();
        let stage = stage::Stage::new(settings, language, start).unwrap();
        let window = Self { stage };
        window.resize(1280, 760);
        window.stage.window().show().unwrap();
        window.settle();
        window
    }

    pub fn resize(&self, width: u32, height: u32) {
        self.stage.window().window().set_size(PhysicalSize::new(width, height));
        self.settle();
    }

    /// What follows from what happened: rows that come and go, the keyboard that moves.
    pub fn settle(&self) {
        for _ in 0..3 {
            i_slint_backend_testing::mock_elapsed_time(std::time::Duration::from_millis(20));
        }
    }

    /// `F2`, `Alt+F2`, `Ctrl+Shift+D`, `Tab`, `Enter`, `щ`.
    pub fn press(&self, keys: &str) {
        let keys: Vec<SharedString> = keys.split('+').map(key).collect();
        let window = self.stage.window().window();
        for text in &keys {
            window.dispatch_event(WindowEvent::KeyPressed { text: text.clone() });
        }
        for text in keys.into_iter().rev() {
            window.dispatch_event(WindowEvent::KeyReleased { text });
        }
        self.settle();
    }

    pub fn type_text(&self, text: &str) {
        for character in text.chars() {
            let text = SharedString::from(character);
            let window = self.stage.window().window();
            window.dispatch_event(WindowEvent::KeyPressed { text: text.clone() });
            window.dispatch_event(WindowEvent::KeyReleased { text });
        }
        self.settle();
    }

    fn handles(&self) -> Vec<ElementHandle> {
        let mut handles = Vec::new();
        let root = self.stage.window().root_element();
        root.visit_descendants(|handle| {
            handles.push(handle);
            ControlFlow::<()>::Continue(())
        });
        handles
    }

    /// Everything visible that a screen reader meets.
    pub fn elements(&self) -> Vec<Element> {
        self.handles().iter().filter_map(element).collect()
    }

    pub fn find(&self, role: Role, label: &str) -> Option<Element> {
        self.elements().into_iter().find(|element| element.role == role && element.label == label)
    }

    pub fn sees(&self, role: Role, label: &str) -> Element {
        self.find(role, label).unwrap_or_else(|| panic!("no {role:?} {label:?} in {:#?}", self.labels()))
    }

    /// All that is said of what stands there, for a test that fails.
    pub fn labels(&self) -> Vec<String> {
        self.elements().into_iter().map(|element| format!("{:?} {}", element.role, element.label)).collect()
    }

    pub fn click(&self, role: Role, label: &str) {
        let handles = self.handles();
        let found = handles.iter().find(|handle| {
            handle.accessible_role() == Some(role) && handle.accessible_label().as_deref() == Some(label)
        });
        let found = found.unwrap_or_else(|| panic!("no {role:?} {label:?} in {:#?}", self.labels()));
        found.mock_single_click(PointerEventButton::Left);
        self.settle();
    }

    /// Logical pixels.
    pub fn click_at(&self, x: f32, y: f32) {
        let window = self.stage.window().window();
        let (position, button) = (slint::LogicalPosition::new(x, y), PointerEventButton::Left);
        window.dispatch_event(WindowEvent::PointerMoved { position });
        window.dispatch_event(WindowEvent::PointerPressed { position, button });
        window.dispatch_event(WindowEvent::PointerReleased { position, button });
        self.settle();
    }

    /// Texts without the room for all of their words.
    pub fn elided(&self) -> Vec<String> {
        let inner = WindowInner::from_pub(self.stage.window().window());
        let adapter = inner.window_adapter();
        let mut elided = Vec::new();
        ItemRc::new_root(inner.component()).visit_descendants(|item| {
            if let Some(text) = item.downcast::<ComplexText>()
                && text.as_pin_ref().overflow() == TextOverflow::Elide
                && item.is_visible()
            {
                let wanted =
                    item.borrow().as_ref().layout_info(Orientation::Horizontal, -1.0, &adapter, item);
                if item.geometry().size.width + 0.5 < wanted.preferred {
                    elided.push(text.as_pin_ref().text().into());
                }
            }
            ControlFlow::<()>::Continue(())
        });
        elided
    }

    /// What has the keyboard: its role and label, of the nearest element around it that has one.
    pub fn keyboard(&self) -> Option<(Role, String)> {
        let inner = WindowInner::from_pub(self.stage.window().window());
        let mut item = inner.focus_item.borrow().upgrade()?;
        while item.accessible_role() == AccessibleRole::None {
            item = item.parent_item(ParentItemTraversalMode::StopAtPopups)?;
        }
        let label = item.accessible_string_property(AccessibleStringProperty::Label).unwrap_or_default();
        Some((item.accessible_role(), label.into()))
    }

    /// 1 light, 2 dark, 3 high contrast.
    pub fn choose_theme(&self, theme: i32) {
        self.stage.window().global::<stage::Options>().invoke_choose_theme(theme);
        self.settle();
    }

    pub fn picture(&self) -> SharedPixelBuffer<Rgba8Pixel> {
        self.stage.window().window().take_snapshot().unwrap()
    }

    pub fn caption(&self) -> String {
        self.stage.window().get_caption().into()
    }

    /// Pixels to a logical one.
    pub fn scale(&self) -> f32 {
        self.stage.window().window().scale_factor()
    }

    /// Logical pixels.
    pub fn width(&self) -> f32 {
        let window = self.stage.window().window();
        window.size().to_logical(window.scale_factor()).width
    }
}

fn element(handle: &ElementHandle) -> Option<Element> {
    let role = handle.accessible_role().filter(|role| *role != AccessibleRole::None)?;
    let (at, size) = (handle.absolute_position(), handle.size());
    let text = |text: Option<SharedString>| text.map(String::from).unwrap_or_default();
    Some(Element {
        role,
        label: text(handle.accessible_label()),
        description: text(handle.accessible_description()),
        value: text(handle.accessible_value()),
        enabled: handle.accessible_enabled().unwrap_or(true),
        checked: handle.accessible_checked().unwrap_or(false),
        selected: handle.accessible_item_selected().unwrap_or(false),
        id: text(handle.id()),
        place: [at.x, at.y, size.width, size.height],
    })
}

fn key(name: &str) -> SharedString {
    let named = [
        ("Ctrl", Key::Control),
        ("Alt", Key::Alt),
        ("Shift", Key::Shift),
        ("Enter", Key::Return),
        ("Esc", Key::Escape),
        ("Delete", Key::Delete),
        ("Tab", Key::Tab),
        ("Up", Key::UpArrow),
        ("Down", Key::DownArrow),
        ("Left", Key::LeftArrow),
        ("F1", Key::F1),
        ("F2", Key::F2),
        ("F3", Key::F3),
        ("F4", Key::F4),
        ("F5", Key::F5),
        ("F6", Key::F6),
        ("F7", Key::F7),
        ("F8", Key::F8),
        ("F9", Key::F9),
        ("F10", Key::F10),
        ("F11", Key::F11),
        ("F12", Key::F12),
    ];
    let found = named.into_iter().find(|(known, _)| *known == name);
    found.map_or_else(|| name.to_lowercase().replace("plus", "+").into(), |(_, key)| key.into())
}
