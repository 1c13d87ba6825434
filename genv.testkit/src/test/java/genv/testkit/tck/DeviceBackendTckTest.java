// SPDX-License-Identifier: Apache-2.0
package genv.testkit.tck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import genv.api.BackendException;
import genv.api.MemorySize;
import genv.api.spi.Availability;
import genv.api.spi.Closeness;
import genv.api.spi.Device;
import genv.api.spi.DeviceBackend;
import genv.api.spi.DeviceFault;
import genv.api.spi.DeviceSample;
import genv.testkit.SimulatedBackend;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Runs the conformance tests on backends that each break one rule. */
class DeviceBackendTckTest {
    @Test
    void shouldPassWhenBackendKeepsAllRules() {
        assertEquals(Set.of(), failing(Altered::new));
    }

    @Test
    void shouldCatchBadId() {
        requireCaught("shouldHaveIdOfLowerCaseLettersDigitsAndHyphens", () -> new Altered() {
            @Override
            public String id() {
                return "My Backend";
            }
        });
    }

    @Test
    void shouldCatchBadVisibilityVariable() {
        requireCaught("shouldNameValidVisibilityVariable", () -> new Altered() {
            @Override
            public String visibilityVariable() {
                return "VISIBLE DEVICES";
            }
        });
    }

    @Test
    void shouldCatchAvailabilityThatChanges() {
        AtomicInteger calls = new AtomicInteger();
        requireCaught("shouldGiveSameAvailabilityWhenAskedAgain", () -> new Altered() {
            @Override
            public Availability availability() {
                return calls.incrementAndGet() % 500 == 0
                        ? new Availability.Unavailable("flaky")
                        : new Availability.Available();
            }
        });
    }

    @Test
    void shouldCatchUnavailabilityWhereBackendMustBeUsable() {
        requireCaught("shouldGiveSameAvailabilityWhenAskedAgain", () -> new Altered() {
            @Override
            public Availability availability() {
                return new Availability.Unavailable("no driver");
            }
        });
    }

    @Test
    void shouldCatchDevicesOutOfOrder() {
        requireCaught("shouldListDevicesInAscendingOrder", () -> Altered.listing(List::reversed));
    }

    @Test
    void shouldCatchGapWithoutFault() {
        requireCaught(
                "shouldNumberDevicesWithoutGapWhenNoneIsLost",
                () -> Altered.listing(devices -> List.of(devices.get(0), devices.get(2))));
    }

    @Test
    void shouldCatchIndicesThatAreNotInPciOrder() {
        requireCaught(
                "shouldNumberDevicesInPciOrder",
                () -> Altered.listing(devices -> List.of(
                        Device.builder(0, "A").pciBusId("0000:81:00.0").build(),
                        Device.builder(1, "B").pciBusId("0000:3b:00.0").build(),
                        devices.get(2))));
    }

    @Test
    void shouldCatchSameUuidTwice() {
        requireCaught(
                "shouldGiveEachDeviceItsOwnUuid",
                () -> Altered.listing(devices -> List.of(
                        devices.get(0), Device.builder(1, devices.get(0).uuid()).build(), devices.get(2))));
    }

    @Test
    void shouldCatchZeroMemory() {
        requireCaught(
                "shouldDescribeDevicesByValuesOrByAbsence",
                () -> Altered.listing(devices -> List.of(Device.builder(0, "A")
                        .totalMemory(MemorySize.ofBytes(0))
                        .build())));
    }

    @Test
    void shouldCatchDevicesThatChange() {
        AtomicInteger calls = new AtomicInteger();
        requireCaught(
                "shouldListSameDevicesWhenAskedAgain",
                () -> Altered.listing(devices ->
                        List.of(Device.builder(0, "A" + calls.incrementAndGet()).build())));
    }

    @Test
    void shouldCatchListThatCallersCanChange() {
        requireCaught("shouldKeepItsDevicesWhenCallerChangesList", () -> {
            List<Device> shared = new ArrayList<>(SimulatedBackend.of(3).devices());
            return Altered.listing(devices -> shared);
        });
    }

    @Test
    void shouldCatchSampleThatFails() {
        requireCaught(
                "shouldSampleEachDevice",
                () -> Altered.sampling(index -> {
                    throw new BackendException("not supported: call=power");
                }));
    }

    @Test
    void shouldCatchMoreMemoryUsedThanThereIs() {
        requireCaught(
                "shouldSampleEachDevice",
                () -> Altered.sampling(index -> DeviceSample.builder()
                        .memoryUsed(MemorySize.parse("17g"))
                        .build()));
    }

    @Test
    void shouldCatchTemperatureOfUnknownScale() {
        requireCaught(
                "shouldSampleEachDevice",
                () -> Altered.sampling(index ->
                        DeviceSample.builder().temperature(Integer.MAX_VALUE).build()));
    }

    @Test
    void shouldCatchAnswerForUnknownIndex() {
        requireCaught(
                "shouldRefuseToSampleUnknownIndex",
                () -> Altered.sampling(index -> DeviceSample.builder().build()));
    }

    @Test
    void shouldCatchWrongExceptionForUnknownIndex() {
        requireCaught(
                "shouldRefuseToSampleUnknownIndex",
                () -> Altered.sampling(index -> {
                    List<DeviceSample> samples = List.of(
                            DeviceSample.builder().build(),
                            DeviceSample.builder().build(),
                            DeviceSample.builder().build());
                    return samples.get(index);
                }));
    }

    @Test
    void shouldCatchClosenessOfOneDirection() {
        requireCaught("shouldGiveSameClosenessInBothDirections", () -> new Altered() {
            @Override
            public Optional<Closeness> closeness(int first, int second) {
                return first < second ? Optional.of(Closeness.NVLINK) : Optional.of(Closeness.SYSTEM);
            }
        });
    }

    @Test
    void shouldCatchClosenessOfUnknownDevice() {
        requireCaught("shouldNotInventClosenessOfUnknownIndex", () -> new Altered() {
            @Override
            public Optional<Closeness> closeness(int first, int second) {
                return Optional.of(Closeness.SYSTEM);
            }
        });
    }

    @Test
    void shouldCatchDeviceThatIsFarFromItself() {
        requireCaught("shouldNotPutDeviceAwayFromItself", () -> new Altered() {
            @Override
            public Optional<Closeness> closeness(int first, int second) {
                return first >= 0 && second >= 0 && first < 3 && second < 3
                        ? Optional.of(Closeness.SYSTEM)
                        : Optional.empty();
            }
        });
    }

    @Test
    void shouldCatchProcessesThatAreKnownOnlyWhereThereAreSome() {
        AtomicInteger calls = new AtomicInteger();
        requireCaught(
                "shouldSayAlikeWhetherProcessesAreKnown",
                () -> Altered.sampling(index -> calls.incrementAndGet() % 2 == 0
                        ? DeviceSample.builder().processes(List.of()).build()
                        : DeviceSample.builder().build()));
    }

    @Test
    void shouldCatchFaultWithoutReason() {
        requireCaught("shouldNameDeviceAndReasonOfEachFault", () -> new Altered() {
            @Override
            public List<DeviceFault> faults() {
                return List.of(new DeviceFault("index=3", " "));
            }
        });
    }

    @Test
    void shouldCatchStateSharedBetweenThreads() {
        requireCaught("shouldGiveSameAnswersWhenAskedByManyThreads", () -> new Altered() {
            private final AtomicInteger inside = new AtomicInteger();

            // as if a second call found the buffer of the first one half filled
            @Override
            public List<Device> devices() {
                boolean alone = inside.incrementAndGet() == 1;
                LockSupport.parkNanos(100_000);
                alone &= inside.decrementAndGet() == 0;
                return alone ? super.devices() : List.of();
            }
        });
    }

    @Test
    void shouldCatchInitialisationByOneThreadOnly() {
        requireCaught("shouldGiveSameAnswersWhenAskedByManyThreads", () -> new Altered() {
            private final Thread first = Thread.currentThread();

            @Override
            public DeviceSample sample(int index) {
                if (!Thread.currentThread().equals(first)) {
                    throw new IllegalStateException("driver was initialised by another thread");
                }
                return super.sample(index);
            }
        });
    }

    @Test
    void shouldCatchSecondCloseThatThrows() {
        requireCaught("shouldIgnoreSecondClose", () -> new Altered() {
            private boolean closed;

            @Override
            public void close() {
                if (closed) {
                    throw new BackendException("closed already");
                }
                closed = true;
            }
        });
    }

    @Test
    void shouldCatchCloseThatNeedsUse() {
        requireCaught("shouldCloseWhenNeverUsed", () -> new Altered() {
            private boolean initialised;

            @Override
            public Availability availability() {
                initialised = true;
                return super.availability();
            }

            @Override
            public void close() {
                if (!initialised) {
                    throw new BackendException("not initialised: call=shutdown");
                }
            }
        });
    }

    @Test
    void shouldCatchThreadThatIsLeft() {
        CountDownLatch end = new CountDownLatch(1);
        requireCaught("shouldLeaveNoThreadWhenClosed", () -> new Altered() {
            @Override
            public List<Device> devices() {
                Thread.ofPlatform().daemon().start(() -> {
                    try {
                        end.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                });
                return super.devices();
            }
        });
        end.countDown();
    }

    @Test
    void shouldCatchLostDeviceThatIsListed() {
        requireCaught("shouldKeepOthersWhenDeviceIsLost", () -> {
            List<Device> before = SimulatedBackend.of(3).devices();
            return Altered.listing(devices -> before);
        });
    }

    @Test
    void shouldCatchLostDeviceThatTakesOthersWithIt() {
        requireCaught(
                "shouldKeepOthersWhenDeviceIsLost",
                () -> Altered.listing(devices -> devices.size() == 3 ? devices : List.of()));
    }

    @Test
    void shouldCatchLostDeviceWithoutFault() {
        requireCaught("shouldKeepOthersWhenDeviceIsLost", () -> new Altered() {
            @Override
            public List<DeviceFault> faults() {
                return List.of();
            }
        });
    }

    @Test
    void shouldCatchSampleOfLostDevice() {
        requireCaught("shouldKeepOthersWhenDeviceIsLost", () -> new Altered() {
            @Override
            public DeviceSample sample(int index) {
                return index == 1 ? DeviceSample.builder().build() : super.sample(index);
            }
        });
    }

    @Test
    void shouldCatchUnavailabilityWithoutReason() {
        requireCaught("shouldGiveReasonWhenNotUsable", () -> new Altered() {
            @Override
            Availability whenNotUsable() {
                return new Availability.Unavailable("");
            }
        });
    }

    @Test
    void shouldCatchAvailabilityWhereThereAreNoDevices() {
        requireCaught("shouldGiveReasonWhenNotUsable", () -> new Altered() {
            @Override
            Availability whenNotUsable() {
                return new Availability.Available();
            }
        });
    }

    private static void requireCaught(String test, Supplier<Altered> backend) {
        Set<String> failing = failing(backend);
        assertTrue(failing.contains(test), () -> "failing=" + failing + ", wanted=" + test);
    }

    private static Set<String> failing(Supplier<Altered> backend) {
        Set<String> failing = new TreeSet<>();
        Set<String> run = new TreeSet<>();
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(selectClass(Conformance.class))
                .configurationParameter("junit.jupiter.conditions.deactivate", "org.junit.*DisabledCondition")
                .build();
        TestExecutionListener listener = new TestExecutionListener() {
            @Override
            public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                test.getSource().filter(MethodSource.class::isInstance).ifPresent(source -> {
                    String name = ((MethodSource) source).getMethodName();
                    run.add(name);
                    if (result.getStatus() == TestExecutionResult.Status.FAILED) {
                        failing.add(name);
                    }
                });
            }
        };
        Conformance.made = backend;
        try {
            LauncherFactory.create().execute(request, listener);
        } finally {
            Conformance.made = Altered::new;
        }
        assertTrue(run.size() > 15, () -> "tests were not run: run=" + run);
        return failing;
    }

    @Disabled("run by the tests above alone")
    static final class Conformance extends DeviceBackendTck {
        private static Supplier<Altered> made = Altered::new;

        @Override
        protected DeviceBackend backend() {
            return made.get();
        }

        @Override
        protected boolean mustBeAvailable() {
            return true;
        }

        @Override
        protected OptionalInt loseDevice(DeviceBackend backend) {
            ((Altered) backend).real.lose(1, "lost: reason=test");
            return OptionalInt.of(1);
        }

        @Override
        protected Optional<DeviceBackend> unavailableBackend() {
            Altered altered = made.get();
            return Optional.of(new Altered() {
                @Override
                public Availability availability() {
                    return altered.whenNotUsable();
                }
            });
        }
    }

    /** Three sound devices, of which each test spoils one thing. */
    private static class Altered implements DeviceBackend {
        private final SimulatedBackend real = SimulatedBackend.of(3);

        static Altered listing(UnaryOperator<List<Device>> change) {
            return new Altered() {
                @Override
                public List<Device> devices() {
                    return change.apply(super.devices());
                }
            };
        }

        static Altered sampling(Function<Integer, DeviceSample> sample) {
            return new Altered() {
                @Override
                public DeviceSample sample(int index) {
                    return sample.apply(index);
                }
            };
        }

        Availability whenNotUsable() {
            return new Availability.Unavailable("no devices: reason=test");
        }

        @Override
        public String id() {
            return "altered";
        }

        @Override
        public Availability availability() {
            return real.availability();
        }

        @Override
        public List<Device> devices() {
            return real.devices();
        }

        @Override
        public DeviceSample sample(int index) {
            return real.sample(index);
        }

        @Override
        public List<DeviceFault> faults() {
            return real.faults();
        }

        @Override
        public Optional<Closeness> closeness(int first, int second) {
            return real.closeness(first, second);
        }
    }
}
